// Included by files that set kernels::vector::kLanes, once for each instruction set.

#pragma once

#include <utility>

#include "kernels/blocked/vectors_body.h"

namespace ridgeline::kernels::blocked {
namespace {

template <int first, int... lane>
inline Vector every_second_of(Vector low, Vector high, std::integer_sequence<int, lane...>) {
  return __builtin_shufflevector(low, high, first + 2 * lane...);
}

/// Of both, from `first` on.
template <int first>
inline Vector every_second_of(Vector low, Vector high) {
  return every_second_of<first>(low, high, std::make_integer_sequence<int, kLanes>());
}

/// Of kLanes pairs, without reading past the last first.
template <int... lane>
inline Vector firsts_of_pairs(const float* pairs, std::integer_sequence<int, lane...>) {
  return __builtin_shufflevector(load(pairs), load(pairs + kLanes - 1),
                                 (2 * lane < kLanes ? 2 * lane : 2 * lane + 1)...);
}

inline void copy_every_second(const float* from, int64_t count, float* to) {
  const auto copy = [&](int64_t i) {
    store(to + i, firsts_of_pairs(from + 2 * i, std::make_integer_sequence<int, kLanes>()));
  };
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) copy(i);
  if (i > 0 && i < count)
    copy(count - kLanes);
  else
    for (; i < count; ++i) to[i] = from[2 * i];
}

}  // namespace
}  // namespace ridgeline::kernels::blocked
