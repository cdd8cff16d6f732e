// Included by one file per instruction set, which sets kernels::vector::kLanes. Everything is local to that
// file.

#include <algorithm>

#include "kernels/bytes/byte_kernels.h"
#include "kernels/bytes/dense_pixels_body.h"
#include "kernels/bytes/lookups_body.h"
#include "kernels/ref/pool.h"

namespace ridgeline::kernels::bytes {
namespace {

void to_pixels(const PlaneRows& rows) {
  constexpr int64_t kTogether = 8;
  using Pixels = uint64_t __attribute__((vector_size(kTogether * sizeof(uint64_t))));
  using Eight = uint8_t __attribute__((vector_size(kTogether)));
  for (int64_t first = 0; first < rows.count; first += kTogether) {
    const auto count = static_cast<size_t>(std::min(kTogether, rows.count - first));
    Pixels pixels{};
    for (size_t row = 0; row < 2; ++row)
      for (size_t channel = 0; channel < 4; ++channel) {
        const uint8_t* const plane = rows.rows[row][channel];
        Eight steps = Eight{} + rows.zero;
        if (plane != nullptr) {
          std::memcpy(&steps, plane + first, count);
          steps ^= rows.flip;
        }
        pixels |= __builtin_convertvector(steps, Pixels) << (8 * (4 * row + channel));
      }
    std::memcpy(rows.to + 8 * first, &pixels, 8 * count);
  }
}

/// Index of the pixel that a tap meets.
inline int64_t pixel_of(const Window& w, int64_t row, int64_t column, int64_t kh, int64_t kw) {
  const int64_t y = row * w.stride[1] - w.pad[1] + kh * w.dilation[1];
  return y * w.in[2] + column * w.stride[2] - w.pad[2] + kw * w.dilation[2];
}

/// A register of AVX-512; elsewhere as many as it takes.
using LineSteps = uint8_t __attribute__((vector_size(kLineBytes)));

void max(const lines::PoolRow& row) {
  const Window& w = row.window;
  const Range down = taps_inside(w, 1, row.row);
  for (int64_t column = 0; column < w.out[2]; ++column) {
    const Range across = taps_inside(w, 2, column);
    LineSteps most{};
    for (int64_t kh = down.begin; kh < down.end; ++kh)
      for (int64_t kw = across.begin; kw < across.end; ++kw) {
        LineSteps in;
        std::memcpy(&in, row.plane + pixel_of(w, row.row, column, kh, kw), sizeof(in));
        most = in > most ? in : most;
      }
    std::memcpy(row.out + column, &most, sizeof(most));
  }
}

void average(const lines::PoolRow& row, const Average& average) {
  const Window& w = row.window;
  const Range down = taps_inside(w, 1, row.row);
  const int64_t counted_down = ref::counted_taps(w, *row.average, 1, row.row);
  for (int64_t column = 0; column < w.out[2]; ++column) {
    const Range across = taps_inside(w, 2, column);
    const int64_t inside = (down.end - down.begin) * (across.end - across.begin);
    const int64_t counted = counted_down * ref::counted_taps(w, *row.average, 2, column);
    const float factor = average.scale / static_cast<float>(counted);
    for (int64_t lane = 0; lane < kChannels; lane += kLanes) {
      Ints sum = Ints{} - static_cast<int32_t>(inside * average.zero);
      for (int64_t kh = down.begin; kh < down.end; ++kh)
        for (int64_t kw = across.begin; kw < across.end; ++kw) {
          sum += vector::load_bytes_wide(steps_of(row.plane + pixel_of(w, row.row, column, kh, kw)) + lane);
        }
      store_result(average.finish, __builtin_convertvector(sum, Vector) * factor,
                   steps_of(row.out + column) + lane);
    }
  }
}

/// kLanes steps of each.
inline void add_steps(const AddSteps& add, const uint8_t* a, const uint8_t* b, uint8_t* out) {
  const auto flipped = [](const uint8_t* at, uint8_t flip) {
    return __builtin_convertvector(vector::load_bytes_wide(at) ^ flip, Vector);
  };
  const Vector value = fused(flipped(a, add.flip_a), vector::splat(add.scale), vector::splat(add.shift));
  store_result(add.finish, with_residual(add.finish, value, flipped(b, add.flip_b)), out);
}

void add(const AddSteps& of) {
  const AddSteps add = of;  // so that steps that are stored can't lie over it
  int64_t i = 0;
  for (; i + kLanes <= add.count; i += kLanes) add_steps(add, add.a + i, add.b + i, add.out + i);
  uint8_t a[kLanes] = {}, b[kLanes] = {}, out[kLanes];
  std::copy(add.a + i, add.a + add.count, a);
  std::copy(add.b + i, add.b + add.count, b);
  add_steps(add, a, b, out);
  std::copy_n(out, add.count - i, add.out + i);
}

constexpr ByteKernels kKernels{.to_pixels = to_pixels,
                               .to_dense_pixels = to_dense_pixels,
                               .max = max,
                               .average = average,
                               .add = add,
                               .lookup = lookup,
                               .lookup_sum = lookup_sum,
                               .lookup_mean = lookup_mean,
                               .lookup_product = lookup_product};

}  // namespace
}  // namespace ridgeline::kernels::bytes
