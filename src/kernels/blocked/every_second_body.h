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

inline void copy_every_second(const float* from, int64_t count, float* to) {
  int64_t i = 0;
  for (; i + kLanes < count; i += kLanes)  // reads one past what it takes
    store(to + i, every_second_of<0>(load(from + 2 * i), load(from + 2 * i + kLanes)));
  for (; i < count; ++i) to[i] = from[2 * i];
}

}  // namespace
}  // namespace ridgeline::kernels::blocked
