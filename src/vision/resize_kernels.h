#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/cpu_features.h"
#include "vision/image.h"

namespace ridgeline::vision {

constexpr int kWeightBits = 22;

/// Which input positions make each output position along one axis, and how much each weighs.
struct Taps {
  struct Range {
    int first = 0;
    int count = 0;
  };
  /// Vectors multiply 16-bit numbers only: a weight is high · 2^12 + low.
  static constexpr int kLowBits = 12;
  static constexpr int kGroup = 4;  ///< the stride is a multiple of this

  std::vector<Range> ranges;  ///< one for each output position
  std::vector<int32_t>
      weights;                ///< kWeightBits fraction bits; `stride` for each position, zeros past its range
  std::vector<int16_t> high;  ///< as `weights`
  std::vector<int16_t> low;   ///< as `weights`
  int stride = 0;

  size_t at(size_t position) const { return position * static_cast<size_t>(stride); }
};

/// One instruction set's resizing loops; all give the same bytes.
struct ResizeKernels {
  /// Every row of `in` to a row of taps.ranges.size() pixels, one after the other in `out`.
  void (*weigh_rows)(const Taps& taps, const ImageView& in, uint8_t* out);
  /// The output row at `position` from rows of out.size() bytes, `pitch` apart; `in` is the position's first
  /// row.
  void (*weigh_columns)(const Taps& taps, size_t position, const uint8_t* in, ptrdiff_t pitch,
                        std::span<uint8_t> out);
};

extern const ResizeKernels kResizeRef;
extern const ResizeKernels kResizeAvx2;

/// The fastest for this CPU.
const ResizeKernels& resize_kernels_for(const CpuFeatures& cpu);

/// The loops of kResizeRef for what a vector does not fill: positions `from`… of one row, bytes `from`… of
/// one column.
void weigh_row_from(size_t from, const Taps& taps, const uint8_t* in, uint8_t* out);
void weigh_columns_from(size_t from, std::span<const int32_t> weights, const uint8_t* in, ptrdiff_t pitch,
                        std::span<uint8_t> out);

}  // namespace ridgeline::vision
