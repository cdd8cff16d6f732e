#pragma once

#include "kernels/bytes/results.h"
#include "kernels/winograd/schedule.h"

namespace ridgeline::kernels::winograd {

constexpr int64_t kCellChannels = 2;  ///< of a transformed input

/// One instruction set's large tiles of images in lines of bytes (kernels/bytes), in whole numbers. Planes
/// hold cells of four bytes in place of floats: two channels' i16 on the way in, a sum's i32 on the way out.
///
/// All of it is modulo 2^32, and results are up to 9 · 2^6 times as large as the sums of products that they
/// stand for: these are exact from -kSumsEnd to below kSumsEnd.
struct ByteTileKernels {
  /// Bᵀ d B of the inputs around each tile, less `zero`, which stands for what lies outside of the image.
  void (*read_inputs)(const Images& images, const uint8_t* x, int32_t zero, Tiles tiles, const Planes& out);
  /// Aᵀ m A, finished, of the images' channels from the results' first on, which begin a line or end in it.
  void (*write_results)(const Images& images, const Planes& in, Tiles tiles, const bytes::Results& results);
  /// Of the cells of inputs and weights, without anything that finishes.
  blocked::PanelKernels panels;
};

const ByteTileKernels& avx512_vnni_tiles();

constexpr int64_t kSumsEnd = int64_t{1} << 25;

}  // namespace ridgeline::kernels::winograd
