// Included by one file per instruction set, which sets kernels::vector::kLanes.

#include <utility>

#include "kernels/blocked/vectors_body.h"

namespace ridgeline::kernels::blocked {
namespace {

template <int... lane>
inline Vector every_second_of(Vector low, Vector high, std::integer_sequence<int, lane...>) {
  return __builtin_shufflevector(low, high, 2 * lane...);
}

void copy_every_second(const float* from, int64_t count, float* to) {
  int64_t i = 0;
  for (; i + kLanes < count; i += kLanes)  // reads one past what it takes
    store(to + i, every_second_of(load(from + 2 * i), load(from + 2 * i + kLanes),
                                  std::make_integer_sequence<int, kLanes>()));
  for (; i < count; ++i) to[i] = from[2 * i];
}

}  // namespace
}  // namespace ridgeline::kernels::blocked
