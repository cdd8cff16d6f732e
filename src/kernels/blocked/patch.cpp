#include "kernels/blocked/patch.h"

#include <algorithm>
#include <cstring>

namespace ridgeline::kernels::blocked {

Patch::Axis::Axis(const Window& window, size_t axis)
    : phases(1), reach((window.kernel[axis] - 1) * window.dilation[axis] / window.stride[axis]) {
  for (int64_t tap = 0; tap < window.kernel[axis]; ++tap)
    phases = std::max(phases, tap * window.dilation[axis] % window.stride[axis] + 1);
}

Patch::Patch(const Window& window, const Band& most, int64_t width)
    : window_(window),
      width_(width),
      vertical_(window, 1),
      horizontal_(window, 2),
      rows_(most.rows + vertical_.reach),
      columns_(most.columns + horizontal_.reach),
      floats_(vertical_.phases * horizontal_.phases * rows_ * columns_ * width) {}

int64_t Patch::offset_of(int64_t kh, int64_t kw) const {
  const int64_t y = kh * window_.dilation[1], x = kw * window_.dilation[2];
  const int64_t phase = y % window_.stride[1] * horizontal_.phases + x % window_.stride[2];
  return ((phase * rows_ + y / window_.stride[1]) * columns_ + x / window_.stride[2]) * width_;
}

void Patch::fill(const float* plane, const Band& band, float* patch,
                 CopyEverySecond copy_every_second) const {
  for (int64_t py = 0; py < vertical_.phases; ++py)
    for (int64_t px = 0; px < horizontal_.phases; ++px) {
      const Columns columns = columns_from(band.column * window_.stride[2] + px - window_.pad[2]);
      for (int64_t y = 0; y < rows_; ++y, patch += row_floats()) {
        const int64_t row = (band.row + y) * window_.stride[1] + py - window_.pad[1];
        if (row < 0 || row >= window_.in[1])
          std::fill_n(patch, row_floats(), 0.0F);
        else
          fill_row(plane + row * window_.in[2] * width_, columns, patch, copy_every_second);
      }
    }
}

Patch::Columns Patch::columns_from(int64_t column) const {
  const int64_t stride = window_.stride[2];
  const int64_t begin = std::min(ceil_div(-column, stride), columns_);
  return {.first = column + begin * stride,
          .begin = begin,
          .end = std::clamp(ceil_div(window_.in[2] - column, stride), begin, columns_)};
}

void Patch::fill_row(const float* row, const Columns& columns, float* to,
                     CopyEverySecond copy_every_second) const {
  const int64_t stride = window_.stride[2], count = columns.end - columns.begin;
  std::fill_n(to, columns.begin * width_, 0.0F);
  const float* const from = row + columns.first * width_;
  float* const inside = to + columns.begin * width_;
  if (stride == 1)
    std::copy_n(from, count * width_, inside);
  else if (width_ == kBlock)
    for (int64_t i = 0; i < count; ++i)
      std::memcpy(inside + i * kBlock, from + i * stride * kBlock, kBlock * sizeof(float));
  else if (stride == 2)
    copy_every_second(from, count, inside);
  else
    for (int64_t i = 0; i < count; ++i) inside[i] = from[i * stride];
  std::fill_n(to + columns.end * width_, (columns_ - columns.end) * width_, 0.0F);
}

}  // namespace ridgeline::kernels::blocked
