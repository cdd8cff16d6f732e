#pragma once

#include "base/thread_pool.h"
#include "kernels/blocked/turn.h"
#include "kernels/lines/line_kernels.h"
#include "kernels/pool.h"

/// What is done to whole images in lines.
namespace ridgeline::kernels::lines {

/// Lines of an image's `batch` images.
int64_t lines_of(const blocked::TurnDesc& image, Numbers numbers);

/// From and to FP32 blocks (kernels/blocked). Numbers past the last channel of a last block become zeros.
struct LineTurn {
  blocked::TurnDesc image;
  Numbers numbers = Numbers::kBf16;
};
void from_blocks(const LineKernels& kernels, const LineTurn& turn, const float* blocks, Line* to,
                 ThreadPool& pool);
void to_blocks(const LineKernels& kernels, const LineTurn& turn, const Line* from, float* blocks,
               ThreadPool& pool);

/// From and to the rows of a matrix [rows, columns]: each row is a pixel, its columns are channels.
struct RowTurn {
  int64_t rows = 1;
  int64_t columns = 1;
  Numbers numbers = Numbers::kBf16;
};
int64_t lines_of(const RowTurn& turn);
void from_rows(const LineKernels& kernels, const RowTurn& turn, const float* rows, Line* to,
               ThreadPool& pool);
void to_rows(const LineKernels& kernels, const RowTurn& turn, const Line* from, float* rows,
             ThreadPool& pool);

/// `desc.planes` counts blocks of images; see ref::max_pool and ref::average_pool. Two spatial axes.
struct LinePool {
  PoolKind kind = PoolKind::kMax;
  ref::PoolDesc desc{};
  ref::AveragePadding padding{};  ///< kAverage only
  Numbers numbers = Numbers::kBf16;
};
void pool(const LineKernels& kernels, const LinePool& desc, const Line* in, Line* out, ThreadPool& threads);

/// A plane for each block of each image.
struct LinePlanes {
  int64_t planes = 1;
  int64_t pixels = 1;
  Numbers numbers = Numbers::kBf16;
};
/// The mean of each plane's pixels, as an image of one pixel.
void mean(const LineKernels& kernels, const LinePlanes& desc, const Line* in, Line* out, ThreadPool& pool);

/// out[plane, pixel] = in[plane, pixel] · factor[plane].
struct ScaleArgs {
  const Line* in = nullptr;
  const Line* factor = nullptr;
  Line* out = nullptr;
};
void scale(const LineKernels& kernels, const LinePlanes& desc, const ScaleArgs& args, ThreadPool& pool);

}  // namespace ridgeline::kernels::lines
