#pragma once

#include <span>
#include <string>
#include <vector>

#include "bench/results.h"
#include "bench/statistics.h"

namespace ridgeline::bench {

enum class Verdict {
  kSame,  ///< no significant change, or one within the threshold
  kFaster,
  kSlower,
  kLost,    ///< was OK and is no longer
  kGained,  ///< was not OK and is now
};
std::string_view name_of(Verdict verdict);  // "same" "faster" "slower" "lost" "gained"

struct Change {
  Cell before;
  Cell after;
  Ratio speed;  ///< after / before, each against the baseline of its own run
  Verdict verdict = Verdict::kSame;

  bool regression() const { return verdict == Verdict::kSlower || verdict == Verdict::kLost; }
};

struct Comparison {
  std::vector<Change> changes;         ///< cells of both runs, but the baseline's own
  std::vector<std::string> unmatched;  ///< cells of one run only

  bool regressed() const;
};

/// Compares like with like: cells of the same model, engine, precision, device, data, batch, size and
/// threads. A change counts when its 95 % interval excludes none and it is beyond `threshold` (0.02 is 2 %).
/// A cell that is SKIPPED afterwards is not lost: its engine is not here. kInvalidArgument when the two runs
/// have other baselines, or no cell in common.
Result<Comparison> compare_results(const Results& before, const Results& after, double threshold);

/// "resnet18 openvino:bf16 cpu 224x224 batch 8, 2 threads, synthetic": what makes a cell itself.
std::string identity_of(const Cell& cell);

/// All parts' cells as one race's. A cell that several parts hold counts once, an OK one before others.
/// kInvalidArgument when two parts measured the same cell, or against other baselines.
Result<Results> merge_results(std::span<const Results> parts);

}  // namespace ridgeline::bench
