#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "serve/time.h"

namespace ridgeline::serve {

/// Durations counted by size. Histograms of equal buckets add up, over shards, models and servers; quantiles
/// computed by each server do not.
struct LatencyHistogram {
  /// Upper bounds, inclusive; one more bucket holds what is longer.
  static constexpr std::array<int64_t, 17> kBoundsUs = {
      50,     100,     250,     500,     1'000,     2'500,     5'000,     10'000,    25'000,
      50'000, 100'000, 250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000};

  std::array<uint64_t, kBoundsUs.size() + 1> counts{};
  uint64_t sum_ns = 0;

  void observe(Nanos duration) {
    const auto fits = [duration](int64_t bound_us) { return duration > std::chrono::microseconds(bound_us); };
    ++counts[std::ranges::partition_point(kBoundsUs, fits) - kBoundsUs.begin()];
    sum_ns += static_cast<uint64_t>(duration.count());
  }

  void merge(const LatencyHistogram& other) {
    for (size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
    sum_ns += other.sum_ns;
  }

  bool operator==(const LatencyHistogram&) const = default;
};

}  // namespace ridgeline::serve
