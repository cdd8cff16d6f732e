#pragma once

#include "base/cpu_features.h"
#include "kernels/bytes/results.h"
#include "kernels/lines/line_kernels.h"

namespace ridgeline::kernels::bytes {

/// Two rows of an image of up to four channels in planes, for pixels of eight steps: [row, channel]. Or one,
/// for pixels of the channels that there are.
struct PlaneRows {
  bool has_any() const { return rows[0][0] != nullptr || rows[1][0] != nullptr; }

  const uint8_t* rows[2][4] = {};  ///< null for a row of padding, and past the last channel
  int64_t channels = 0;
  int64_t count = 0;
  uint8_t flip = 0;
  uint8_t zero = 0;  ///< point, which padding holds
  uint8_t* to = nullptr;
};

/// What is averaged: steps less `zero`, times `scale`.
struct Average {
  int32_t zero = 0;
  float scale = 1;
  Finish finish{};
};

/// out[i] = finish(a[i] · scale + shift, b[i]), each flipped to count from its type's lowest.
struct AddSteps {
  const uint8_t* a = nullptr;
  const uint8_t* b = nullptr;
  uint8_t* out = nullptr;
  int64_t count = 0;
  uint8_t flip_a = 0, flip_b = 0;
  float scale = 1, shift = 0;
  Finish finish{};
};

/// out = table[in], of steps as lines have them.
struct Lookup {
  const uint8_t* steps = nullptr;
  int64_t lines = 0;
  const uint8_t* table = nullptr;  ///< [256]
  uint8_t* out = nullptr;
};

/// Of lines behind each other; see ref::lookup_mean.
struct LookupSum {
  const uint8_t* steps = nullptr;
  int64_t lines = 0;
  const float* values = nullptr;  ///< [256]
  float* sums = nullptr;          ///< [kChannels], in an order that only lookup_mean knows
};
/// Of the sums of so many parts, a line.
struct LookupMean {
  const float* sums = nullptr;  ///< [parts, kChannels]
  int64_t parts = 1;
  float factor = 1;
  Finish finish{};
  uint8_t* out = nullptr;
};

/// Lines behind each other; see ref::lookup_product.
struct LookupProduct {
  const uint8_t* steps = nullptr;
  int64_t lines = 0;
  const float* values = nullptr;   ///< [256]
  const float* factors = nullptr;  ///< [kChannels]
  Finish finish{};
  uint8_t* out = nullptr;
};

/// One instruction set's kernels.
struct ByteKernels {
  void (*to_pixels)(const PlaneRows& rows);
  void (*to_dense_pixels)(const PlaneRows& rows);
  void (*max)(const lines::PoolRow& row);
  void (*average)(const lines::PoolRow& row, const Average& average);
  void (*add)(const AddSteps& add);
  void (*lookup)(const Lookup& lookup);
  void (*lookup_sum)(const LookupSum& sum);
  void (*lookup_mean)(const LookupMean& mean);
  void (*lookup_product)(const LookupProduct& product);
};

const ByteKernels& avx512_vbmi_bytes();  ///< needs avx512bw too
const ByteKernels& avx512_bytes();       ///< likewise
const ByteKernels& ref_bytes();          ///< for any CPU

/// The best that `cpu` has.
const ByteKernels& byte_kernels(const CpuFeatures& cpu);

}  // namespace ridgeline::kernels::bytes
