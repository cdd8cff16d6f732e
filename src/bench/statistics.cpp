#include "bench/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/rng.h"

namespace ridgeline::bench {
namespace {

constexpr int kResamples = 1000;
constexpr double kNormal95 = 1.959964;
constexpr size_t kMinRounds = 3;
constexpr double kNoisyHalfWidth = 0.05;
constexpr double kNoisySpread = 0.5;

std::vector<double> sorted_copy(std::span<const double> samples) {
  std::vector<double> sorted(samples.begin(), samples.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

double median(std::span<const double> samples) { return percentile(sorted_copy(samples), 0.5); }

/// Mean of the middle half: nearly as efficient as the mean on quiet data, deaf to a quarter of wild values
/// at either end. Sorts its argument.
double mid_mean(std::vector<double>& values) {
  const size_t cut = values.size() / 4;
  std::sort(values.begin(), values.end());
  const auto kept = std::span(values).subspan(cut, values.size() - 2 * cut);
  return std::accumulate(kept.begin(), kept.end(), 0.0) / static_cast<double>(kept.size());
}

/// 97.5 % point of Student's t by the Cornish-Fisher expansion (Abramowitz and Stegun 26.7.5); within 2 %
/// from three degrees of freedom on.
double student_t95(double freedom) {
  const double z = kNormal95;
  const double z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
  return z + (z3 + z) / (4 * freedom) + (5 * z5 + 16 * z3 + 3 * z) / (96 * freedom * freedom) +
         (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * freedom * freedom * freedom);
}

/// Standard error of mid_mean by circular block bootstrap.
double bootstrap_error(const std::vector<double>& values, size_t block, uint64_t seed) {
  Rng random(seed);
  std::vector<double> resample(values.size());
  double sum = 0, squares = 0;
  for (int i = 0; i < kResamples; ++i) {
    for (size_t filled = 0; filled < values.size();) {
      const size_t from = random.below(values.size());
      for (size_t j = 0; j < block && filled < values.size(); ++j, ++filled)
        resample[filled] = values[(from + j) % values.size()];
    }
    const double estimate = mid_mean(resample);
    sum += estimate;
    squares += estimate * estimate;
  }
  const double mean = sum / kResamples;
  return std::sqrt(std::max(0.0, squares / kResamples - mean * mean));
}

}  // namespace

double percentile(std::span<const double> sorted, double share) {
  const double rank = share * static_cast<double>(sorted.size() - 1);
  const size_t below = static_cast<size_t>(rank);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (rank - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

Summary summarize(std::span<const double> samples) {
  const std::vector<double> sorted = sorted_copy(samples);
  const size_t cut = static_cast<size_t>(kTrimShare * static_cast<double>(sorted.size()));
  const auto kept = std::span(sorted).subspan(cut, sorted.size() - 2 * cut);
  Summary summary;
  summary.mean = std::accumulate(kept.begin(), kept.end(), 0.0) / static_cast<double>(kept.size());
  double squares = 0;
  for (const double value : kept) squares += (value - summary.mean) * (value - summary.mean);
  if (kept.size() > 1) summary.std = std::sqrt(squares / static_cast<double>(kept.size() - 1));
  summary.min = sorted.front();
  summary.p50 = percentile(sorted, 0.50);
  summary.p90 = percentile(sorted, 0.90);
  summary.p99 = percentile(sorted, 0.99);
  return summary;
}

Result<Ratio> paired_speedup(const PairedRounds& rounds, uint64_t seed) {
  const size_t count = rounds.cell.size();
  if (count != rounds.baseline.size())
    return invalid_argument("{} rounds cannot be paired with {}", count, rounds.baseline.size());
  if (count < kMinRounds)
    return invalid_argument("{} rounds give no interval; at least {} are needed", count, kMinRounds);
  std::vector<double> logs(count);
  for (size_t i = 0; i < count; ++i) {
    if (rounds.cell[i].empty() || rounds.baseline[i].empty())
      return invalid_argument("round {} holds no samples", i);
    logs[i] = std::log(median(rounds.baseline[i]) / median(rounds.cell[i]));
  }
  const size_t block = std::max<size_t>(1, static_cast<size_t>(std::cbrt(static_cast<double>(count))));
  const size_t whole_blocks = count / block;
  const double freedom = std::max(2.0, static_cast<double>(whole_blocks) - 1);
  const double half =
      bootstrap_error(logs, block, seed) * student_t95(freedom) * std::sqrt((freedom + 1) / freedom) +
      std::log1p(kProcessSpread);
  const double estimate = mid_mean(logs);
  return Ratio{std::exp(estimate), std::exp(estimate - half), std::exp(estimate + half)};
}

Ratio change_between(const Ratio& before, const Ratio& after) {
  const auto half = [](const Ratio& ratio) { return std::log(ratio.high / ratio.low) / 2; };
  const double change = std::log(after.value / before.value);
  const double error = std::hypot(half(before), half(after));
  return {std::exp(change), std::exp(change - error), std::exp(change + error)};
}

bool is_noisy(const Summary& times, double p10, const Ratio& speedup) {
  const double half_width = std::sqrt(speedup.high / speedup.low) - 1;
  return half_width > kNoisyHalfWidth || times.p90 - p10 > kNoisySpread * times.p50;
}

}  // namespace ridgeline::bench
