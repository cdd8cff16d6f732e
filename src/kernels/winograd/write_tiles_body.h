// Included by tile_kernels_body.h, once for each instruction set.

#pragma once

#include <algorithm>

#include "kernels/winograd/numbers_body.h"
#include "kernels/winograd/places_body.h"
#include "kernels/winograd/squares_body.h"
#include "kernels/winograd/transforms_body.h"

/// Tiles on their way from the planes to the image.
namespace ridgeline::kernels::winograd {
namespace {

/// How results are written: sums as they are, or with bias, perhaps a residual, and within bounds or by a
/// curve.
enum class Ending { kSums, kBounded, kWithResidual, kCurved };

template <Ending ending, typename Number>
struct Ended {
  Ended(const EndOf<Number>& of, int64_t channel)
      : bias(blocked::Bounds(of.finish).bias(channel)), end(of), bounds(of.finish) {}

  Vector operator()(Vector sum, int64_t at) const {
    sum += bias;
    if constexpr (ending == Ending::kWithResidual) sum += load_number(end.residual + at);
    if constexpr (ending != Ending::kCurved) return bounds.of(sum);
    if (end.residual != nullptr) sum += load_number(end.residual + at);
    return blocked::activated(end.finish, sum);
  }

  Vector bias;
  EndOf<Number> end;
  blocked::Bounds bounds;
};

/// Where the results of a tile lie in a block of channels.
template <typename Number>
struct TileResults {
  Number* y;
  int64_t at;          ///< of the first, from y
  int64_t row, pixel;  ///< numbers to the next
  int64_t rows, columns;
};

/// Aᵀ m A of a tile.
template <typename Tile, typename End, typename Number>
inline void write_tile(const float* from, int64_t plane, const End end, const TileResults<Number> to) {
  constexpr int kOut = Tile::kOut;
  const auto read = [=](int i, int j) { return load(from + (i * Tile::kIn + j) * plane); };
  const auto write = [=](int64_t i, int64_t j, Vector sum) {
    const int64_t at = to.at + i * to.row + j * to.pixel;
    store_number(to.y + at, end(sum, at));
  };
  if (to.rows == kOut && to.columns == kOut)
    return transform_square<Tile::kIn, kOut, Tile::write_result>(read, write);
  Vector sums[kOut][kOut];
  transform_square<Tile::kIn, kOut, Tile::write_result>(read,
                                                        [&](int i, int j, Vector sum) { sums[i][j] = sum; });
  for (int64_t i = 0; i < to.rows; ++i)
    for (int64_t j = 0; j < to.columns; ++j) write(i, j, sums[i][j]);
}

inline void finish_tile(const blocked::Finish& finish, int64_t channel, const TileResults<float>& tile) {
  const int64_t together = tile.pixel == blocked::kBlock ? tile.columns : 1;
  for (int64_t row = 0; row < tile.rows; ++row)
    for (int64_t column = 0; column < tile.columns; column += together) {
      const int64_t at = tile.at + row * tile.row + column * tile.pixel;
      blocked::finish_stored(finish, tile.y + at, together, channel, at);
    }
}

/// body(channel, where its sums are, where its results go) for each kLanes channels of each tile.
template <typename Tile, typename Number, typename Body>
void for_each_tile(const Images& images, const Planes& in, Tiles tiles, Number* y, const Body& body) {
  Place place(images, tiles.begin);
  for (int64_t tile = tiles.begin; tile < tiles.end; ++tile, place.advance(images)) {
    const float* const from = in.data + (tile - tiles.begin) * in.row;
    TileResults<Number> to{.y = y,
                           .row = images.row_step(),
                           .pixel = images.pixel_step(),
                           .rows = std::min<int64_t>(Tile::kOut, place.height - place.row),
                           .columns = std::min<int64_t>(Tile::kOut, place.width - place.column)};
    const int64_t first = place.at(images, place.row, place.column);
    for (int64_t c = 0; c < images.channels; c += kLanes) {
      to.at = first + images.channel_at(c);
      body(c, from + in.channel_at(c), to);
    }
  }
}

template <typename Tile>
void write_sums(const Images& images, const Planes& in, Tiles tiles, float* y,
                const blocked::Finish* finish) {
  for_each_tile<Tile>(images, in, tiles, y, [&](int64_t c, const float* from, const auto& to) {
    write_tile<Tile>(from, in.plane, [](Vector sum, int64_t) { return sum; }, to);
    if (finish != nullptr) finish_tile(*finish, c, to);
  });
}

template <typename Tile, Ending ending, typename Number>
void write_ended(const Images& images, const Planes& in, Tiles tiles, Number* y, const EndOf<Number>& end) {
  for_each_tile<Tile>(images, in, tiles, y, [&](int64_t c, const float* from, const auto& to) {
    write_tile<Tile>(from, in.plane, Ended<ending, Number>(end, c), to);
  });
}

/// Within bounds.
template <typename Tile, typename Number>
void write_bounded(const Images& images, const Planes& in, Tiles tiles, Number* y, const EndOf<Number>& end) {
  if (end.residual == nullptr)
    write_ended<Tile, Ending::kBounded>(images, in, tiles, y, end);
  else
    write_ended<Tile, Ending::kWithResidual>(images, in, tiles, y, end);
}

template <typename Tile>
void write_results(const Images& images, const Planes& in, Tiles tiles, float* y,
                   const blocked::Finish* finish) {
  if (finish == nullptr || !finish->is_bounded())
    write_sums<Tile>(images, in, tiles, y, finish);
  else
    write_bounded<Tile, float>(images, in, tiles, y, {*finish, finish->residual});
}

template <typename Tile>
void write_lines(const Images& images, const Planes& in, Tiles tiles, uint16_t* y,
                 const EndOf<uint16_t>& end) {
  if (end.finish.is_bounded())
    write_bounded<Tile>(images, in, tiles, y, end);
  else
    write_ended<Tile, Ending::kCurved>(images, in, tiles, y, end);
}

}  // namespace
}  // namespace ridgeline::kernels::winograd
