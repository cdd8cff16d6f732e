#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/results.h"

namespace ridgeline::report {

/// An engine at a precision on a device: what the report's reader chooses between.
struct Approach {
  std::string engine, precision, device;

  std::string label() const;  ///< "openvino bf16", with the device when it is not the CPU
  auto operator<=>(const Approach&) const = default;
};
Approach approach_of(const bench::Cell& cell);

struct Range {
  double low = 0, high = 0;
};

/// Makes `range` hold `value` too.
void widen(std::optional<Range>& range, double value);

/// Batch from which FPS grows no further: the smallest whose FPS is at least 95 % of the best over all
/// batches.
struct Saturation {
  int64_t size = 0;
  std::optional<int64_t> batch;  ///< absent when one batch was measured
  bool at_largest = false;       ///< the largest batch is needed: saturation may lie beyond what was measured
};

struct ApproachSummary {
  Approach approach;
  Range fps;
  std::optional<Range> speedup;
  std::optional<double> best_peak_pct;  ///< highest share of the peak
  const bench::Cell* best = nullptr;    ///< cell of the highest FPS
  std::vector<Saturation> saturation;   ///< per size, ascending
};

/// What the OK cells of one model on one kind of data say. Pointers point into the results given.
struct Findings {
  std::vector<const bench::Cell*> ok;  ///< timed, agreeing with the reference, not the null engine
  std::vector<const bench::Cell*> not_ok;
  std::vector<ApproachSummary> approaches;  ///< best FPS first
  const bench::Cell* winner = nullptr;      ///< highest FPS; a quiet cell is preferred over a noisy one
  const bench::Cell* runner_up = nullptr;   ///< the best other approach in the winner's comparison group
  bool clear = false;                       ///< winner's and runner-up's speed-up intervals do not overlap
  const bench::Cell* lowest_latency = nullptr;  ///< smallest p99 at the smallest batch
  const bench::Cell* best_used = nullptr;       ///< highest share of the peak
};

/// Of the measured peak, or where none was measured (a GPU's) of the published one, in percent.
std::optional<double> peak_share(const bench::Cell& cell);

/// Threads that read and preprocess files as fast as the row infers them; nothing for synthetic data.
std::optional<int> loaders_needed(const bench::Cell& cell);

Findings find(const bench::Results& results);

/// Whether two cells may be compared: same model, size, batch, device, threads and data.
bool like_with_like(const bench::Cell& a, const bench::Cell& b);

}  // namespace ridgeline::report
