#pragma once

#include <algorithm>

#include "kernels/broadcast.h"
#include "kernels/ref/quantize.h"

namespace ridgeline::kernels::ref {

/// Calls body(first, count, pair) for stretches of elements that share a pair of scale and zero point.
template <typename Body>
void for_runs(int64_t elements, const QuantPairs& pairs, ThreadPool& pool, const Body& body) {
  const int64_t count = pairs.scale.shape.element_count();
  const int64_t run = count == 1 ? elements : pairs.run;
  pool.parallel_for(elements, kElementGrain, [&](int64_t begin, int64_t end) {
    while (begin < end) {
      const int64_t length = std::min(end - begin, run - begin % run);
      body(begin, length, static_cast<size_t>(begin / run % count));
      begin += length;
    }
  });
}

}  // namespace ridgeline::kernels::ref
