// Included by files that set kernels::vector::kLanes to 16, once for each instruction set.

#pragma once

#include "kernels/bytes/steps_body.h"
#include "kernels/winograd/byte_tiles.h"
#include "kernels/winograd/read_tiles_body.h"
#include "kernels/winograd/whole_tile.h"
#include "kernels/winograd/write_tiles_body.h"

namespace ridgeline::kernels::winograd {
namespace {

using vector::Ints;
/// i16 of twice as many channels.
using Words = int16_t __attribute__((vector_size(2 * kLanes * sizeof(int16_t))));
/// Modulo 2^32.
using Wrapped = uint32_t __attribute__((vector_size(kLanes * sizeof(uint32_t))));

/// Steps less their zero point.
struct Steps {
  using Value = Words;
  static constexpr int kChannels = 2 * kLanes;
  static constexpr int kCellChannels = 2;

  const uint8_t* image;
  Words zero;

  Words load(int64_t at) const {
    const auto* const bytes = reinterpret_cast<const __m256i*>(image + at);
    return reinterpret_cast<Words>(_mm512_maskz_cvtepu8_epi16(~__mmask32{}, _mm256_loadu_si256(bytes))) -
           zero;
  }
  static void store_cells(float* at, Words cells) { std::memcpy(at, &cells, sizeof(cells)); }
};

void read_steps(const Images& images, const uint8_t* x, int32_t zero, Tiles tiles, const Planes& out) {
  const Steps steps{x, Words{} + static_cast<int16_t>(zero)};
  read_tiles<WholeTile, WholeTile::kIn, WholeTile::read_input<Words>>(images, steps, tiles, out);
}

/// The sum that 9 · 2^shift times it is modulo 2^32.
inline Vector sums_of(Wrapped multiples, int shift) {
  constexpr uint32_t kNinth = 954437177;  // 9 · kNinth is 1
  return __builtin_convertvector(reinterpret_cast<Ints>(multiples * kNinth) >> shift, Vector);
}

/// Aᵀ m A of a tile, finished.
template <bool has_residual>
inline void write_tile(const float* from, int64_t plane, const bytes::Results& results, int64_t channel,
                       const TileResults<uint8_t> to) {
  constexpr int kOut = WholeTile::kOut;
  const bytes::Finish& finish = results.finish;
  const Vector scale = load(results.scale + channel), shift = load(results.shift + channel);
  const auto read = [=](int i, int j) {
    return reinterpret_cast<Wrapped>(load(from + (i * WholeTile::kIn + j) * plane));
  };
  const auto write = [&](int64_t i, int64_t j, Vector sum) __attribute__((always_inline)) {
    const int64_t at = to.at + i * to.row + j * to.pixel;
    Vector value = bytes::fused(sum, scale, shift);
    if constexpr (has_residual)
      value = bytes::with_residual(finish, value, bytes::load_steps(results.residual + at));
    bytes::store_result(finish, value, to.y + at);
  };
  const auto sum_at = [](int i, int j, Wrapped multiples) {
    return sums_of(multiples, WholeTile::kShifts[i] + WholeTile::kShifts[j]);
  };
  constexpr auto kTransform = WholeTile::write_result<Wrapped>;
  if (to.rows == kOut && to.columns == kOut)
    return transform_square<WholeTile::kIn, kOut, kTransform>(
        read, [&](int i, int j, Wrapped multiples) { write(i, j, sum_at(i, j, multiples)); });
  Vector sums[kOut][kOut];
  transform_square<WholeTile::kIn, kOut, kTransform>(
      read, [&](int i, int j, Wrapped multiples) { sums[i][j] = sum_at(i, j, multiples); });
  for (int64_t i = 0; i < to.rows; ++i)
    for (int64_t j = 0; j < to.columns; ++j) write(i, j, sums[i][j]);
}

template <bool has_residual>
void write_tiles(const Images& images, const Planes& in, Tiles tiles, const bytes::Results& results) {
  const bytes::Results own = results;
  for_each_tile<WholeTile>(images, in, tiles, own.out,
                           [&](int64_t channel, const float* from, const TileResults<uint8_t>& to) {
                             write_tile<has_residual>(from, in.plane, own, channel, to);
                           });
}

void write_steps(const Images& images, const Planes& in, Tiles tiles, const bytes::Results& results) {
  (results.residual != nullptr ? write_tiles<true> : write_tiles<false>)(images, in, tiles, results);
}

}  // namespace
}  // namespace ridgeline::kernels::winograd
