// Included by one file per instruction set, which sets kernels::vector::kLanes. Everything is local to that
// file.

#include <algorithm>

#include "kernels/bytes/byte_kernels.h"
#include "kernels/bytes/steps_body.h"
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

void max(const lines::PoolRow& row) {
  const Window& w = row.window;
  const Range down = taps_inside(w, 1, row.row);
  for (int64_t column = 0; column < w.out[2]; ++column) {
    const Range across = taps_inside(w, 2, column);
    uint8_t most[kChannels] = {};
    for (int64_t kh = down.begin; kh < down.end; ++kh)
      for (int64_t kw = across.begin; kw < across.end; ++kw) {
        const uint8_t* const in = steps_of(row.plane + pixel_of(w, row.row, column, kh, kw));
        for (int64_t lane = 0; lane < kChannels; ++lane) most[lane] = std::max(most[lane], in[lane]);
      }
    std::memcpy(row.out + column, most, sizeof(most));
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
          Steps steps;
          std::memcpy(&steps, steps_of(row.plane + pixel_of(w, row.row, column, kh, kw)) + lane,
                      sizeof(steps));
          sum += __builtin_convertvector(steps, Ints);
        }
      store_result(average.finish, __builtin_convertvector(sum, Vector) * factor,
                   steps_of(row.out + column) + lane);
    }
  }
}

void add(const AddSteps& add) {
  const auto flipped = [](const uint8_t* at, size_t count, uint8_t flip) {
    Steps steps{};
    std::memcpy(&steps, at, count);
    steps ^= flip;
    return __builtin_convertvector(__builtin_convertvector(steps, Ints), Vector);
  };
  for (int64_t i = 0; i < add.count; i += kLanes) {
    const auto count = static_cast<size_t>(std::min<int64_t>(kLanes, add.count - i));
    const Vector value =
        fused(flipped(add.a + i, count, add.flip_a), vector::splat(add.scale), vector::splat(add.shift));
    uint8_t results[kLanes];
    store_result(add.finish, with_residual(add.finish, value, flipped(add.b + i, count, add.flip_b)),
                 results);
    std::memcpy(add.out + i, results, count);
  }
}

void depthwise(const DepthwiseRow& row) {
  const Window& w = row.window;
  const Range down = taps_inside(w, 1, row.row);
  for (int64_t column = 0; column < w.out[2]; ++column) {
    const Range across = taps_inside(w, 2, column);
    constexpr int kVectors = static_cast<int>(kChannels) / kLanes;
    Vector sums[kVectors] = {};
    for (int64_t kh = down.begin; kh < down.end; ++kh)
      for (int64_t kw = across.begin; kw < across.end; ++kw) {
        const uint8_t* const in = steps_of(row.plane + pixel_of(w, row.row, column, kh, kw));
        const float* const weights = row.weights + (kh * w.kernel[2] + kw) * kChannels;
#pragma GCC unroll 16
        for (int v = 0; v < kVectors; ++v)
          sums[v] =
              fused(load_steps(in + v * kLanes) - row.zero, vector::load(weights + v * kLanes), sums[v]);
      }
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) write_results(row.results, sums[v], v * kLanes, column);
  }
}

constexpr ByteKernels kKernels{
    .to_pixels = to_pixels, .max = max, .average = average, .add = add, .depthwise = depthwise};

}  // namespace
}  // namespace ridgeline::kernels::bytes
