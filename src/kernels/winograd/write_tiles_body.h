// Included by tile_kernels_body.h, once for each instruction set.

#pragma once

#include <algorithm>

#include "kernels/winograd/places_body.h"
#include "kernels/winograd/squares_body.h"
#include "kernels/winograd/transforms_body.h"

/// Tiles on their way from the planes to the image.
namespace ridgeline::kernels::winograd {
namespace {

/// How results are written: sums as they are, or with bias, perhaps a residual, and within bounds.
enum class Ending { kSums, kBounded, kWithResidual };

template <Ending ending>
struct Bounded {
  Bounded(const blocked::Finish& finish, int64_t channel) : bounds(finish), bias(bounds.bias(channel)) {}

  Vector operator()(Vector sum, int64_t at) const {
    sum += bias;
    if constexpr (ending == Ending::kWithResidual) sum += load(bounds.residual() + at);
    return bounds.of(sum);
  }

  blocked::Bounds bounds;
  Vector bias;
};

/// Where the results of a tile lie in a block of channels.
struct TileResults {
  float* y;
  int64_t at;          ///< of the first, from y
  int64_t row, pixel;  ///< floats to the next
  int64_t rows, columns;
};

/// Aᵀ m A of a tile.
template <typename Tile, typename Ended>
inline void write_tile(const float* from, int64_t plane, const Ended ended, const TileResults to) {
  constexpr int kOut = Tile::kOut;
  const auto read = [=](int i, int j) { return load(from + (i * Tile::kIn + j) * plane); };
  const auto write = [=](int64_t i, int64_t j, Vector sum) {
    const int64_t at = to.at + i * to.row + j * to.pixel;
    store(to.y + at, ended(sum, at));
  };
  if (to.rows == kOut && to.columns == kOut)
    return transform_square<Tile::kIn, kOut, Tile::write_result>(read, write);
  Vector sums[kOut][kOut];
  transform_square<Tile::kIn, kOut, Tile::write_result>(read,
                                                        [&](int i, int j, Vector sum) { sums[i][j] = sum; });
  for (int64_t i = 0; i < to.rows; ++i)
    for (int64_t j = 0; j < to.columns; ++j) write(i, j, sums[i][j]);
}

inline void finish_tile(const blocked::Finish& finish, int64_t channel, const TileResults& tile) {
  const int64_t together = tile.pixel == blocked::kBlock ? tile.columns : 1;
  for (int64_t row = 0; row < tile.rows; ++row)
    for (int64_t column = 0; column < tile.columns; column += together) {
      const int64_t at = tile.at + row * tile.row + column * tile.pixel;
      blocked::finish_stored(finish, tile.y + at, together, channel, at);
    }
}

template <typename Tile, Ending ending>
void write_tiles(const Images& images, const Planes& in, Tiles tiles, float* y,
                 const blocked::Finish* finish) {
  Place place(images, tiles.begin);
  for (int64_t tile = tiles.begin; tile < tiles.end; ++tile, place.advance(images)) {
    const float* const from = in.data + (tile - tiles.begin) * in.row;
    TileResults to{.y = y,
                   .row = images.row_step(),
                   .pixel = images.pixel_step(),
                   .rows = std::min<int64_t>(Tile::kOut, place.height - place.row),
                   .columns = std::min<int64_t>(Tile::kOut, place.width - place.column)};
    const int64_t first = place.at(images, place.row, place.column);
    for (int64_t c = 0; c < images.channels; c += kLanes) {
      to.at = first + channel_at(c, images.block);
      const float* const lanes = from + channel_at(c, in.block);
      if constexpr (ending == Ending::kSums) {
        write_tile<Tile>(lanes, in.plane, [](Vector sum, int64_t) { return sum; }, to);
        if (finish != nullptr) finish_tile(*finish, c, to);
      } else {
        write_tile<Tile>(lanes, in.plane, Bounded<ending>(*finish, c), to);
      }
    }
  }
}

template <typename Tile>
void write_results(const Images& images, const Planes& in, Tiles tiles, float* y,
                   const blocked::Finish* finish) {
  if (finish == nullptr || !finish->is_bounded())
    write_tiles<Tile, Ending::kSums>(images, in, tiles, y, finish);
  else if (finish->residual == nullptr)
    write_tiles<Tile, Ending::kBounded>(images, in, tiles, y, finish);
  else
    write_tiles<Tile, Ending::kWithResidual>(images, in, tiles, y, finish);
}

}  // namespace
}  // namespace ridgeline::kernels::winograd
