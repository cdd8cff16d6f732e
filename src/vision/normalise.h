#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tensor/dtype.h"
#include "vision/preprocess.h"

namespace ridgeline::vision {

/// Writes pixels as a model's numbers: (value / 255 - mean) / stddev, looked up per channel and level.
class Normaliser {
 public:
  /// `dtype` is kF32 or kBF16; `layout` stands in place of the preprocessing's.
  Normaliser(const Preprocessing& how, Layout layout, DType dtype);

  /// `out` takes as many numbers as there are bytes in `rgb`.
  void write(std::span<const uint8_t> rgb, std::span<std::byte> out) const;

 private:
  Layout layout_;
  DType dtype_;
  std::array<size_t, 3> source_;  ///< which of R, G, B each channel is
  std::vector<float> full_;       ///< 3 × 256, for kF32
  std::vector<uint16_t> half_;    ///< 3 × 256, for kBF16
};

}  // namespace ridgeline::vision
