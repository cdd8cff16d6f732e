#pragma once

#include "kernels/blocked/panel_product.h"
#include "kernels/ceil_div.h"

namespace ridgeline::kernels::winograd {

constexpr int64_t kTaps = 9;
/// Rows and columns of results that a tile has: 4, or 2 where weights, which have as many points as tiles,
/// are dear to fetch.
constexpr int64_t kLargeTile = 4;
constexpr int64_t kSmallTile = 2;

constexpr int64_t kLargePoints = (kLargeTile + 2) * (kLargeTile + 2);

/// What tiles cover, of numbers that are FP32, or BF16 in lines. Where a channel lies beside channel 0 of its
/// pixel: in steps of `block` for every `block_channels`, those of a block side by side.
///
/// Where neighbours are `dilation` pixels apart, an image is dilation² smaller ones, which lie between each
/// other's pixels: its phases, in the order of their first pixels. Each has as many tiles as the first.
struct Images {
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 0;
  int64_t tile = kLargeTile;  ///< pixels of a phase from a tile to the next
  int64_t image = 0;          ///< numbers from an image to the next
  int64_t pixel = 0;          ///< and from a pixel
  int64_t block = 0;
  int64_t dilation = 1;
  int64_t block_channels = blocked::kBlock;

  int64_t channel_at(int64_t channel) const {
    return channel / block_channels * block + channel % block_channels;
  }
  int64_t tile_rows() const { return ceil_div(ceil_div(height, dilation), tile); }
  int64_t tile_columns() const { return ceil_div(ceil_div(width, dilation), tile); }
  int64_t tiles_per_phase() const { return tile_rows() * tile_columns(); }
  int64_t tiles_per_image() const { return dilation * dilation * tiles_per_phase(); }
  /// Numbers between neighbours of a phase.
  int64_t pixel_step() const { return dilation * pixel; }
  int64_t row_step() const { return width * pixel_step(); }
};

/// Transformed tiles: that of `tile` at `point` has its channels from data + point·plane + tile·row on.
struct Planes {
  float* data = nullptr;
  int64_t plane = 0;
  int64_t row = 0;
  int64_t block = 0;  ///< as of Images, for every kBlock channels

  int64_t channel_at(int64_t channel) const {
    return channel / blocked::kBlock * block + channel % blocked::kBlock;
  }
};

/// Tiles [begin, end) of all images; tile `begin` is the first of the planes.
struct Tiles {
  int64_t begin = 0;
  int64_t end = 0;
};

/// Weights as a matrix at each tap: (row, column, tap) lies at data + row·row_step + column·column_step +
/// tap·tap_step.
struct WeightMatrix {
  const float* data = nullptr;
  int64_t row_step = 0;
  int64_t column_step = 0;
  int64_t tap_step = 0;
};

/// c[i, j] (+)= Σ a[i · a_row + p · a_step] · b[p · b_step + j] over p < depth, for a panel of columns.
struct PanelProduct {
  int64_t rows = 0;
  int64_t depth = 0;
  const float* a = nullptr;
  int64_t a_row = 0;
  int64_t a_step = 0;
  const float* b = nullptr;
  int64_t b_step = 0;
  float* c = nullptr;
  int64_t c_row = 0;
  bool adds = false;  ///< to what c holds
};

/// One instruction set's kernels. Bᵀ, G and Aᵀ are the matrices of Y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A.
struct TileKernels {
  int64_t tile = 0;
  int64_t stride = 1;
  int64_t points = 0;  ///< products of a tile in each pair of channels
  int64_t panel = 0;   ///< columns of a product; channels are multiples of it
  /// Bᵀ d B of the inputs around each tile.
  void (*read_inputs)(const Images& images, const float* x, Tiles tiles, const Planes& out) = nullptr;
  /// A dy Aᵀ of each tile's gradients; null but for large tiles.
  void (*read_gradients)(const Images& images, const float* dy, Tiles tiles, const Planes& out) = nullptr;
  /// Aᵀ m A, of each tile what lies inside the image, finished where `finish` is not null.
  void (*write_results)(const Images& images, const Planes& in, Tiles tiles, float* y,
                        const blocked::Finish* finish) = nullptr;
  /// G g Gᵀ of `rows` rows of the panel of columns that begins at `column`; point p's [rows, panel] is at out
  /// + p·plane.
  void (*read_weights)(const WeightMatrix& weights, int64_t rows, int64_t column, float* out,
                       int64_t plane) = nullptr;
  /// Gᵀ u G of one row of columns; point p's is at u + p·plane, tap t's goes to out + t·columns. Null but
  /// for large tiles.
  void (*write_weights)(const float* u, int64_t plane, int64_t columns, float* out) = nullptr;
  void (*multiply)(const PanelProduct& product) = nullptr;
};

/// How results that are numbers of some type are finished: the residual is of that type, and not `finish`'s
/// own.
template <typename Number>
struct EndOf {
  const blocked::Finish& finish;
  const Number* residual;  ///< as the results lie, or null
};

/// What large tiles take of images in lines (kernels/lines) of single numbers, and leave there; nothing
/// rounds to steps.
struct LineTileKernels {
  void (*read_inputs)(const Images& images, const uint16_t* x, Tiles tiles, const Planes& out) = nullptr;
  void (*write_results)(const Images& images, const Planes& in, Tiles tiles, uint16_t* y,
                        const EndOf<uint16_t>& end) = nullptr;
};

const TileKernels& avx512_tiles();
const TileKernels& avx512_small_tiles();
const TileKernels& avx512_strided_tiles();  ///< of 2×2 at stride 2
const LineTileKernels& avx512_bf16_tiles();
const TileKernels& avx2_tiles();
const TileKernels& avx2_small_tiles();
const TileKernels& avx2_strided_tiles();

}  // namespace ridgeline::kernels::winograd
