#include "kernels/blocked/lanes.h"

#include <algorithm>

namespace ridgeline::kernels::blocked {
namespace {

constexpr int64_t kTasksPerThread = 8;
constexpr int64_t kRowsOfBand = 8;

Range inner_columns(const Window& window) {
  const int64_t columns = window.out[2];
  const int64_t begin = std::min(outputs_inside(window, 2, 0).begin, columns);
  return {begin, std::clamp(outputs_inside(window, 2, window.kernel[2] - 1).end, begin, columns)};
}

LaneRow with_inner(const Window& window, const Range& inner, int64_t row) {
  return {.window = window, .inner = inner, .row = row, .taps = taps_inside(window, 1, row)};
}

}  // namespace

LaneRow row_of(const Window& window, int64_t row, const float* plane, float* out_plane) {
  LaneRow lane_row = with_inner(window, inner_columns(window), row);
  lane_row.plane = plane;
  lane_row.out = out_plane + row * window.out[2] * kBlock;
  return lane_row;
}

void for_each_row(const Window& window, int64_t planes, const float* in, float* out, ThreadPool& pool,
                  FunctionRef<void(const LaneRow& row, int64_t plane)> body) {
  const int64_t rows = window.out[1], count = planes * rows;
  const Range inner = inner_columns(window);
  pool.parallel_for(count, ceil_div(count, kTasksPerThread * pool.threads()),
                    [&](int64_t begin, int64_t end) {
                      int64_t plane = begin / rows, at = begin % rows;
                      for (int64_t i = begin; i < end; ++i) {
                        LaneRow row = with_inner(window, inner, at);
                        row.plane = in + plane * in_plane(window) * kBlock;
                        row.out = out + (plane * out_plane(window) + row.row * window.out[2]) * kBlock;
                        body(row, plane);
                        if (++at == rows) {
                          at = 0;
                          ++plane;
                        }
                      }
                    });
}

void for_each_band(int64_t planes, int64_t rows, ThreadPool& pool,
                   FunctionRef<void(int64_t plane, const Range& rows)> body) {
  const int64_t bands = ceil_div(rows, kRowsOfBand), count = planes * bands;
  pool.parallel_for(count, ceil_div(count, kTasksPerThread * pool.threads()),
                    [&](int64_t begin, int64_t end) {
                      for (int64_t i = begin; i < end; ++i) {
                        const int64_t first = i % bands * kRowsOfBand;
                        body(i / bands, {first, std::min(first + kRowsOfBand, rows)});
                      }
                    });
}

}  // namespace ridgeline::kernels::blocked
