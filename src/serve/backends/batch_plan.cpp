#include "serve/backends/batch_plan.h"

#include <algorithm>
#include <set>

#include "serve/scheduling/configured.h"

namespace ridgeline::serve {
namespace {

/// Several runs must take less than this share of one that holds all rows: times differ by some percent from
/// one measurement to the next, and what noise has once chosen would stay.
constexpr double kWorthSplitting = 0.9;

}  // namespace

std::vector<int64_t> bucket_sizes(const ModelConfig& config) {
  const int64_t largest = std::max(1, config.max_batch_size);
  std::set<int64_t> sizes = {largest};
  for (int64_t size = 1; size < largest; size *= 2) sizes.insert(size);
  for (const int64_t size : batch_policy_of(config).preferred_batch_sizes)
    if (size >= 1 && size <= largest) sizes.insert(size);
  return {sizes.begin(), sizes.end()};
}

std::vector<int64_t> fastest_runs(int64_t rows, std::span<const TimedSize> sizes) {
  struct Best {
    double seconds = 0;
    int64_t run = 0;
  };
  std::vector<Best> best(static_cast<size_t>(rows) + 1);
  const auto left = [](int64_t of, const TimedSize& size) {
    return static_cast<size_t>(std::max<int64_t>(0, of - size.rows));
  };
  for (int64_t n = 1; n <= rows; ++n) {
    Best& cheapest = best[static_cast<size_t>(n)];
    for (const TimedSize& size : sizes) {
      const double seconds = size.seconds + best[left(n, size)].seconds;
      // Of equals the larger size: fewer runs.
      if (cheapest.run == 0 || seconds <= cheapest.seconds) cheapest = {seconds, size.rows};
    }
  }
  const auto holds_all =
      std::ranges::find_if(sizes, [&](const TimedSize& size) { return size.rows >= rows; });
  if (holds_all != sizes.end() &&
      best[static_cast<size_t>(rows)].seconds > kWorthSplitting * holds_all->seconds)
    return {holds_all->rows};
  std::vector<int64_t> runs;
  for (int64_t n = rows; n > 0; n -= runs.back()) runs.push_back(best[static_cast<size_t>(n)].run);
  std::ranges::sort(runs, std::greater<>());
  return runs;
}

}  // namespace ridgeline::serve
