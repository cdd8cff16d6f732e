#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"

namespace ridgeline::bench {

/// Share of the samples that a trimmed mean drops at each end.
inline constexpr double kTrimShare = 0.10;

/// What one cell's samples amount to; the unit is that of the samples.
struct Summary {
  double mean = 0;  ///< of the samples left after trimming kTrimShare at each end
  double std = 0;   ///< of the same samples, n - 1 in the denominator; 0 for one sample
  double min = 0;
  double p50 = 0;
  double p90 = 0;
  double p99 = 0;
};

/// Over all samples, of which there is at least one.
Summary summarize(std::span<const double> samples);

/// Linear interpolation between the closest ranks; `sorted` ascends and is not empty, `share` in [0, 1].
double percentile(std::span<const double> sorted, double share);

/// A ratio of two times with its 95 % interval.
struct Ratio {
  double value = 1;
  double low = 1;
  double high = 1;

  /// 1 lies outside the interval.
  bool significant() const { return low > 1 || high < 1; }
};

/// Two processes of one and the same program differ by up to this much, for as long as they live, by where
/// their memory happens to lie. Rounds cannot average that away, so every interval is widened by it.
inline constexpr double kProcessSpread = 0.01;

/// Times of two cells, one block of samples per round; round i of both ran next to each other in time.
struct PairedRounds {
  std::vector<std::vector<double>> baseline;
  std::vector<std::vector<double>> cell;
};

/// How many times faster than the baseline the cell is. Each round gives one log ratio of block medians (so
/// that spikes within a block do not count, and drift and clock changes slower than a round cancel); their
/// mean over the middle half is the estimate, and a circular block bootstrap over rounds (blocks, because
/// neighbouring rounds may share a disturbance), scaled to Student's t, gives the interval, which
/// kProcessSpread widens. kInvalidArgument for fewer than three rounds or unequal ones.
Result<Ratio> paired_speedup(const PairedRounds& rounds, uint64_t seed);

/// The change between two runs, each measured against the same baseline within its own run: after / before,
/// with the two intervals added in quadrature of their logs.
Ratio change_between(const Ratio& before, const Ratio& after);

/// Whether a reader should distrust the row: the interval of the speed-up is wider than 5 % to either side,
/// or the middle 80 % of the single times spread by more than half of their median.
bool is_noisy(const Summary& times, double p10, const Ratio& speedup);

}  // namespace ridgeline::bench
