#include "kernels/winograd/rows.h"

#include <algorithm>
#include <array>

#include "kernels/blocked/direct.h"
#include "kernels/blocked/patch.h"

namespace ridgeline::kernels::winograd {
namespace {

using blocked::Band;
using blocked::blocks_of;
using blocked::kBlock;

constexpr int64_t kMostBlocks = 2;  ///< of a panel, on any instruction set
constexpr int64_t kMostTiles = 32;  ///< of a band
constexpr int64_t kMostRows = 4;    ///< of a band, which share most of what they read
constexpr int64_t kMostLines = 256;
constexpr int64_t kLineFloats = 16640;  ///< of a band: 13 lines of 3 channels, products of 32 tiles
constexpr int64_t kTasksPerThread = 16;

int64_t lines_of(const ConvDesc& desc) { return desc.in_channels * desc.window.kernel[1]; }

/// Lines of inputs that a tap meets, at each point: those of even inputs, then those of odd ones.
int64_t terms_of(const ConvDesc& desc, int64_t point) {
  return point + 1 < kRowPoints ? 2 * lines_of(desc) : lines_of(desc);
}

int64_t all_terms_of(const ConvDesc& desc) { return kRowProducts * lines_of(desc); }

/// Of an input's plane, for so many rows of results.
int64_t lines_read(const Window& w, int64_t rows) {
  return (rows - 1) * w.stride[1] + (w.kernel[1] - 1) * w.dilation[1] + 1;
}

/// How a convolution is cut: bands of tiles and rows.
struct Cuts {
  explicit Cuts(const ConvDesc& desc) {
    const Window& w = desc.window;
    const int64_t all_tiles = ceil_div(w.out[2], kRowResults);
    tiles = ceil_div(all_tiles, ceil_div(all_tiles, kMostTiles));
    padded = ceil_div(tiles, kBlock) * kBlock;
    rows = std::min(kMostRows, w.out[1]);
    while (rows > 1 && desc.in_channels * channel_floats(w) > kLineFloats) --rows;
    band_rows = ceil_div(w.out[1], rows);
    band_columns = ceil_div(all_tiles, tiles);
  }
  int64_t bands() const { return band_rows * band_columns; }
  int64_t line_floats() const { return kRowProducts * padded; }
  int64_t channel_floats(const Window& w) const { return lines_read(w, rows) * line_floats(); }

  int64_t tiles = 0, rows = 0;
  int64_t padded = 0;  ///< tiles, to whole vectors
  int64_t band_rows = 0, band_columns = 0;
};

class Convolution {
 public:
  Convolution(const PlaneKernels& kernels, const ConvDesc& desc, const ConvArgs& args)
      : kernels_(kernels), desc_(desc), args_(args), cuts_(desc), out_blocks_(blocks_of(desc.out_channels)) {
    const Window& w = desc.window;
    size_t term = 0;
    for (int64_t odd = 0; odd < 2; ++odd)
      for (int64_t input = 0; input < desc.in_channels; ++input)
        for (int64_t kh = 0; kh < w.kernel[1]; ++kh)
          offsets_[term++] = input * cuts_.channel_floats(w) + kh * w.dilation[1] * cuts_.line_floats() +
                             odd * kRowPoints * cuts_.padded;
  }

  void run(ThreadPool& pool) const {
    const int64_t tasks = desc_.batch * cuts_.bands();
    const int64_t grain = pool.threads() == 1 ? tasks : ceil_div(tasks, kTasksPerThread * pool.threads());
    pool.parallel_for(tasks, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) compute(i / cuts_.bands(), band_at(i % cuts_.bands()));
    });
  }

 private:
  Band band_at(int64_t i) const {
    const int64_t columns = cuts_.tiles * kRowResults;
    Band band{.row = i / cuts_.band_columns * cuts_.rows, .column = i % cuts_.band_columns * columns};
    band.rows = std::min(cuts_.rows, desc_.window.out[1] - band.row);
    band.columns = std::min(columns, desc_.window.out[2] - band.column);
    return band;
  }

  void compute(int64_t image, const Band& band) const {
    alignas(64) float lines[kLineFloats];
    read_lines(image, band, lines);
    for (int64_t block = 0; block < out_blocks_; block += kernels_.panels.blocks)
      for (int64_t row = 0; row < band.rows; ++row)
        add_up(image, {band.row + row, band.column, 1, band.columns}, block,
               lines + row * desc_.window.stride[1] * cuts_.line_floats());
  }

  /// Of all channels, transformed.
  void read_lines(int64_t image, const Band& band, float* lines) const {
    const Window& w = desc_.window;
    const int64_t plane = in_plane(w), first = band.row * w.stride[1] - w.pad[1];
    const int64_t count = lines_read(w, band.rows);
    for (int64_t input = 0; input < desc_.in_channels; ++input)
      for (int64_t i = 0; i < count; ++i) {
        const int64_t row = first + i;
        float* const to = lines + input * cuts_.channel_floats(w) + i * cuts_.line_floats();
        if (row < 0 || row >= w.in[1])
          std::fill_n(to, cuts_.line_floats(), 0.0F);
        else
          read_line(args_.in + (image * desc_.in_channels + input) * plane + row * w.in[2], band.column, to);
      }
  }

  /// Zeros stand for padding.
  void read_line(const float* row, int64_t column, float* to) const {
    constexpr int64_t kFloats = (kMostTiles + 1) * kRowInputs;
    alignas(64) float line[kFloats];
    const int64_t first = column * kRowStride - desc_.window.pad[2];
    const int64_t begin = std::clamp<int64_t>(-first, 0, kFloats);
    const int64_t end = std::clamp(desc_.window.in[2] - first, begin, kFloats);
    std::fill_n(line, begin, 0.0F);
    std::copy(row + first + begin, row + first + end, line + begin);
    std::fill(line + end, line + kFloats, 0.0F);
    kernels_.rows.read_line(line, cuts_.padded, to);
  }

  /// A row of the blocks of a panel.
  void add_up(int64_t image, const Band& row, int64_t first_block, const float* lines) const {
    alignas(64) float sums[kRowPoints * kMostBlocks * kMostTiles * kBlock];
    const int64_t blocks = std::min(kernels_.panels.blocks, out_blocks_ - first_block);
    const int64_t tiles = ceil_div(row.columns, kRowResults);
    const float* weights =
        static_cast<const float*>(args_.weights) + first_block * kBlock * all_terms_of(desc_);
    for (int64_t point = 0; point < kRowPoints; ++point) {
      const int64_t terms = terms_of(desc_, point);
      kernels_.panels.multiply({.inputs = blocked::Inputs::kPlanes,
                                .positions = tiles,
                                .blocks = blocks,
                                .a = lines + point * cuts_.padded,
                                .offsets = offsets_.data(),
                                .count = terms,
                                .b = weights,
                                .c = sums + point * blocks * tiles * kBlock,
                                .c_block = tiles * kBlock});
      weights += terms * blocks * kBlock;
    }
    alignas(64) float bias[kMostBlocks * kBlock];
    const int64_t at = (image * out_blocks_ + first_block) * out_plane(desc_.window) * kBlock +
                       (row.row * desc_.window.out[2] + row.column) * kBlock;
    blocked::Finish finish(desc_);
    finish.bias = blocked::padded_bias(desc_, args_.bias, first_block * kBlock,
                                       {bias, static_cast<size_t>(blocks * kBlock)});
    if (desc_.has_residual) finish.residual = args_.residual + at;
    kernels_.rows.write_results({.sums = sums,
                                 .tiles = tiles,
                                 .blocks = blocks,
                                 .columns = row.columns,
                                 .c = args_.out + at,
                                 .c_block = out_plane(desc_.window) * kBlock,
                                 .finish = &finish});
  }

  const PlaneKernels& kernels_;
  const ConvDesc& desc_;
  const ConvArgs& args_;
  Cuts cuts_;
  int64_t out_blocks_;
  std::array<int64_t, 2 * kMostLines> offsets_;
};

/// G g of the even or the odd taps at a point.
double weight_at(const float* taps, int64_t odd, size_t point) {
  if (point + 1 == kRowPoints) return taps[kRowTaps - 1];
  double scale = 1, power = 1, sum = 0;
  for (size_t other = 0; other < kRowPlaces.size(); ++other)
    if (other != point) scale *= kRowPlaces[point] - kRowPlaces[other];
  for (int64_t tap = odd; tap < kRowTaps; tap += kRowStride, power *= kRowPlaces[point])
    sum += power * static_cast<double>(taps[tap]);
  return sum / scale;
}

}  // namespace

Status accepts_rows(const ConvDesc& desc) {
  const Window& w = desc.window;
  if (!desc.has_constant_weights) return unsupported("needs constant weights");
  RETURN_IF_ERROR(has_no_factor_nor_means(desc));
  if (!blocked::takes_planes(desc)) return unsupported("reads images of up to four channels");
  if (w.in[0] != 1 || w.out[0] != 1 || w.kernel[0] != 1) return unsupported("takes two spatial axes");
  if (w.kernel[2] != kRowTaps || w.stride[2] != kRowStride || w.dilation[2] != 1)
    return unsupported("takes rows of {} taps at stride {}", kRowTaps, kRowStride);
  const Cuts cuts(desc);
  if (lines_of(desc) > kMostLines || desc.in_channels * cuts.channel_floats(w) > kLineFloats)
    return unsupported("takes windows whose inputs fit a second-level cache");
  return {};
}

size_t packed_rows_bytes(const ConvDesc& desc) {
  return static_cast<size_t>(all_terms_of(desc) * blocks_of(desc.out_channels) * kBlock) * sizeof(float);
}

/// [panel][point][even, odd][input][kernel row][lane of the panel]; lanes past the last channel are zero.
void pack_rows(const PlaneKernels& kernels, const ConvDesc& desc, const float* weights, void* packed) {
  auto* to = static_cast<float*>(packed);
  const int64_t lines = lines_of(desc), out_blocks = blocks_of(desc.out_channels);
  for (int64_t first = 0; first < out_blocks; first += kernels.panels.blocks) {
    const int64_t lanes = std::min(kernels.panels.blocks, out_blocks - first) * kBlock;
    for (int64_t point = 0; point < kRowPoints; ++point)
      for (int64_t term = 0; term < terms_of(desc, point); ++term)
        for (int64_t lane = 0; lane < lanes; ++lane) {
          const int64_t channel = first * kBlock + lane, line = channel * lines + term % lines;
          *to++ = channel < desc.out_channels
                      ? static_cast<float>(
                            weight_at(weights + line * kRowTaps, term / lines, static_cast<size_t>(point)))
                      : 0.0F;
        }
  }
}

void rows_conv(const PlaneKernels& kernels, const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool) {
  Convolution(kernels, desc, args).run(pool);
}

}  // namespace ridgeline::kernels::winograd
