// Included by files that set kLanes, once for each instruction set.

#pragma once

#include <cstring>

#include "kernels/vector/functions_body.h"
#include "kernels/vector/row_kernels.h"

namespace ridgeline::kernels::vector {
namespace {

using Bytes = uint8_t __attribute__((vector_size(kLanes)));
using SignedBytes = int8_t __attribute__((vector_size(kLanes)));

inline Bytes load_bytes(const uint8_t* at) {
  Bytes bytes;
  std::memcpy(&bytes, at, sizeof(bytes));
  return bytes;
}
inline void store_bytes(uint8_t* at, Bytes bytes) { std::memcpy(at, &bytes, sizeof(bytes)); }

/// The low bytes of whole numbers.
inline Bytes bytes_of(Vector whole) {
  return __builtin_convertvector(__builtin_convertvector(whole, Ints), Bytes);
}

void quantize(const ByteRow& row, const float* in) {
  const float low = static_cast<float>((row.is_signed ? -128 : 0) - row.zero), high = low + 255;
  const auto steps_of = [&](Vector x) {
    x = x / row.scale;
    x = x >= low ? x : splat(low);
    x = x > high ? splat(high) : x;
    return bytes_of(rounded(x) + static_cast<float>(row.zero));
  };
  int64_t i = 0;
  for (; i + kLanes <= row.count; i += kLanes) store_bytes(row.steps + i, steps_of(load(in + i)));
  if (i == row.count) return;
  const Bytes last = steps_of(load_some(in + i, row.count - i));
  std::memcpy(row.steps + i, &last, static_cast<size_t>(row.count - i));
}

void round_to(const Rounding& to, const float* in, float* out, int64_t count) {
  const auto nearest = [&](Vector x) {
    x = x / to.scale;
    x = x >= to.low ? x : splat(to.low);
    x = x > to.high ? splat(to.high) : x;
    return rounded(x) * to.scale;
  };
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) store(out + i, nearest(load(in + i)));
  if (i < count) store_some(out + i, nearest(load_some(in + i, count - i)), count - i);
}

void dequantize(const ByteRow& row, float* out) {
  const auto values_of = [&](Bytes steps) {
    const Vector wide = row.is_signed ? __builtin_convertvector(reinterpret_cast<SignedBytes>(steps), Vector)
                                      : __builtin_convertvector(steps, Vector);
    return (wide - static_cast<float>(row.zero)) * row.scale;
  };
  int64_t i = 0;
  for (; i + kLanes <= row.count; i += kLanes) store(out + i, values_of(load_bytes(row.steps + i)));
  if (i == row.count) return;
  Bytes last{};
  std::memcpy(&last, row.steps + i, static_cast<size_t>(row.count - i));
  store_some(out + i, values_of(last), row.count - i);
}

}  // namespace
}  // namespace ridgeline::kernels::vector
