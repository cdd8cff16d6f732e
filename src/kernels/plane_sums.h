#pragma once

#include <algorithm>
#include <cstdint>

#include "base/thread_pool.h"
#include "kernels/ceil_div.h"

namespace ridgeline::kernels {

/// How a plane's pixels are cut into parts that are summed apart: by their number alone, so that sums are the
/// same on any number of threads.
struct PlaneParts {
  static constexpr int64_t kMost = 16;

  explicit PlaneParts(int64_t pixels)
      : size(std::max(kLeastPixels, kTogether * ceil_div(pixels, kTogether * kMost))),
        count(std::max<int64_t>(1, ceil_div(pixels, size))) {}

  int64_t size, count;

 private:
  static constexpr int64_t kLeastPixels = 2048, kTogether = 64;
};

/// What sums are made of.
struct PlanePart {
  int64_t plane, first, pixels;
};

/// sum(part, sums) leaves a part's sums of `channels` channels, finish(plane, sums, parts) takes those of all
/// of a plane's parts, [parts, channels]. Threads share planes, or the parts of planes that are too few.
template <int64_t channels, typename Sum, typename Finish>
void sum_planes(int64_t planes, int64_t pixels, ThreadPool& pool, const Sum& sum, const Finish& finish) {
  constexpr int64_t kPlanesTogether = 8, kPlanesPerThread = 4;
  const PlaneParts parts(pixels);
  const auto part_of = [&](int64_t plane, int64_t part) {
    const int64_t first = part * parts.size;
    return PlanePart{plane, first, std::min(parts.size, pixels - first)};
  };
  if (parts.count == 1 || planes >= kPlanesPerThread * pool.threads()) {
    pool.parallel_for(planes, ceil_div(planes, kPlanesPerThread * pool.threads()),
                      [&](int64_t begin, int64_t end) {
                        alignas(64) float sums[PlaneParts::kMost * channels];
                        for (int64_t plane = begin; plane < end; ++plane) {
                          for (int64_t part = 0; part < parts.count; ++part)
                            sum(part_of(plane, part), sums + part * channels);
                          finish(plane, sums, parts.count);
                        }
                      });
    return;
  }
  alignas(64) float sums[kPlanesTogether * PlaneParts::kMost * channels];
  for (int64_t first = 0; first < planes; first += kPlanesTogether) {
    const int64_t together = std::min(kPlanesTogether, planes - first);
    pool.parallel_for(together * parts.count, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        sum(part_of(first + i / parts.count, i % parts.count), sums + i * channels);
    });
    for (int64_t i = 0; i < together; ++i) finish(first + i, sums + i * parts.count * channels, parts.count);
  }
}

}  // namespace ridgeline::kernels
