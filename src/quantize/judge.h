#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/status.h"
#include "engine/engine.h"
#include "graph/graph.h"
#include "vision/folder.h"

namespace ridgeline::quantize {

struct Interval {
  double low = 0;
  double high = 0;
};

/// The 95 % interval of a share of which `hits` of `count` were seen (E. B. Wilson, 1927). [0, 1] without
/// any.
Interval share_interval(int64_t hits, int64_t count);

/// The 95 % interval of (lost − gained) / count, where `count` things were judged twice, `lost` were right
/// the first time only and `gained` the second time only: Wald's, with half a case added to each of the four
/// kinds (A. Agresti and Y. Min, "Simple improved confidence intervals for comparing matched proportions",
/// 2005).
Interval paired_drop_interval(int64_t lost, int64_t gained, int64_t count);

/// 10 · log10(Σ reference² / Σ (reference − other)²): infinite where both are the same.
double sqnr_db(std::span<const float> reference, std::span<const float> other);

/// What a model said of the pictures that could be read, in their order.
struct Answers {
  std::vector<size_t> files;         ///< index of each picture's file
  std::vector<int> best;             ///< output of the highest score, per picture
  std::vector<float> logits;         ///< pictures × outputs
  std::vector<std::string> skipped;  ///< one line for each file that could not be read
};

/// Runs models over pictures, each on the same engine.
struct Runner {
  const Engine& engine;
  int threads = 1;
  int batch = 1;
  CancelToken cancel{};

  /// What an engine runs `graph` as: INT8 where it says so of quantised models, else FP32.
  Precision precision_of(const Graph& graph) const;
  /// `model` names the graph in messages. kInvalidArgument where no file can be read.
  Result<Answers> ask(const Graph& graph, std::string_view model, std::span<const std::string> files) const;
};

/// Two models' answers to the same labelled pictures.
struct Comparison {
  int64_t images = 0;
  int64_t hits_before = 0;
  int64_t hits_after = 0;
  int64_t lost = 0;    ///< right before only
  int64_t gained = 0;  ///< right after only
  int64_t agreed = 0;  ///< the same class first, right or wrong
  double logit_sqnr_db = 0;

  /// In percentage points of top-1; negative where the second is better.
  double drop_points() const {
    return images == 0 ? 0 : 100 * static_cast<double>(lost - gained) / static_cast<double>(images);
  }
};

/// `labels` are the right outputs by file; both models answered to the same files.
Comparison compare(const Answers& before, const Answers& after, std::span<const int> labels);

}  // namespace ridgeline::quantize
