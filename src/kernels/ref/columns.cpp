#include "kernels/ref/columns.h"

#include <algorithm>

namespace ridgeline::kernels::ref {
namespace {

/// Adds to one channel what one tap takes from all positions.
void add_tap(const ColumnsDesc& desc, const Size3& tap, const float* columns, float* out) {
  const Window& w = desc.window;
  const int64_t step = desc.channels * volume(w.kernel);
  const auto target = [&](size_t axis, int64_t at) {
    return at * w.stride[axis] - w.pad[axis] + tap[axis] * w.dilation[axis];
  };
  const Range depths = outputs_inside(w, 0, tap[0]), rows = outputs_inside(w, 1, tap[1]),
              along = outputs_inside(w, 2, tap[2]);
  for (int64_t d = depths.begin; d < depths.end; ++d)
    for (int64_t h = rows.begin; h < rows.end; ++h) {
      const float* in = columns + (d * w.out[1] + h) * w.out[2] * step;
      float* row = out + (target(0, d) * w.in[1] + target(1, h)) * w.in[2] + target(2, 0);
      for (int64_t c = along.begin; c < along.end; ++c) row[c * w.stride[2]] += in[c * step];
    }
}

}  // namespace

void columns_to_image(const ColumnsDesc& desc, const float* columns, const float* bias, float* out,
                      ThreadPool& pool) {
  const Size3& kernel = desc.window.kernel;
  const int64_t plane = volume(desc.window.in);
  pool.parallel_for(desc.channels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t channel = begin; channel < end; ++channel) {
      float* target = out + channel * plane;
      std::fill_n(target, plane, bias != nullptr ? bias[channel] : 0.0F);
      const float* source = columns + channel * volume(kernel);
      for (int64_t kd = 0; kd < kernel[0]; ++kd)
        for (int64_t kh = 0; kh < kernel[1]; ++kh)
          for (int64_t kw = 0; kw < kernel[2]; ++kw) add_tap(desc, {kd, kh, kw}, source++, target);
    }
  });
}

}  // namespace ridgeline::kernels::ref
