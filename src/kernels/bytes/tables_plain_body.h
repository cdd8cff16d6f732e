// Included by lookups_body.h: tables of 256 for the steps of a line, by reading them.

#pragma once

#include "kernels/bytes/line_values_body.h"

namespace ridgeline::kernels::bytes {
namespace {

class StepTable {
 public:
  explicit StepTable(const uint8_t* table) : table_(table) {}
  void look_up(const uint8_t* steps, uint8_t* out) const {
    for (int64_t i = 0; i < kLineBytes; ++i) out[i] = table_[steps[i]];
  }

 private:
  const uint8_t* table_;
};

class ValueTable {
 public:
  explicit ValueTable(const float* values) : values_(values) {}

  LineValues of(const uint8_t* steps) const {
    LineValues values;
    for (int v = 0; v < kLineVectors; ++v) values.vectors[v] = of_lanes(steps + v * kLanes);
    return values;
  }

 private:
  Vector of_lanes(const uint8_t* steps) const {
#ifdef __AVX512F__
    const auto at = reinterpret_cast<__m512i>(vector::load_bytes_wide(steps));
    return reinterpret_cast<Vector>(_mm512_mask_i32gather_ps(_mm512_setzero_ps(), 0xffff, at, values_, 4));
#else
    Vector found{};
    for (int i = 0; i < kLanes; ++i) found[i] = values_[steps[i]];
    return found;
#endif
  }

  const float* values_;
};

inline LineValues load_values(const float* channels) {
  LineValues values;
  std::memcpy(values.vectors, channels, sizeof(values));
  return values;
}

inline void store_values(const Finish& finish, const LineValues& values, uint8_t* at) {
  for (int v = 0; v < kLineVectors; ++v) store_result(finish, values.vectors[v], at + v * kLanes);
}

}  // namespace
}  // namespace ridgeline::kernels::bytes
