#include "kernels/bytes/conv.h"

#include <array>
#include <cstring>
#include <optional>

#include "kernels/bytes/depthwise.h"
#include "kernels/bytes/dot.h"
#include "kernels/bytes/needs.h"
#include "kernels/bytes/pixel_rows.h"
#include "kernels/bytes/result_place.h"
#include "kernels/lines/bands.h"
#include "kernels/winograd/byte_lines.h"

namespace ridgeline::kernels::bytes {
namespace {

using lines::Band;
using lines::kColumns;
using lines::kPanelColumns;
using lines::kTileBytes;
using lines::PixelPatch;
using lines::Schedule;

constexpr int64_t kTerms = 4;  ///< of a column in a row of a tile

lines::LineLayer layer_of(const QuantizedConvDesc& desc, Pixels pixels) {
  const bool planes = takes_planes(desc);
  return {.conv = desc.conv,
          .window = planes ? window_of(pixels, desc.conv.window) : desc.conv.window,
          .planes = planes,
          .pixels = layout_of(pixels, desc.conv.in_channels),
          .parts = 1,
          .inputs = planes ? 1 : blocks_of(desc.conv.in_channels),
          .outputs = blocks_of(desc.conv.out_channels),
          .panels_of_output = kChannels / kPanelColumns};
}

/// One instruction set's.
struct Kernels {
  const DotKernels& dots;
  const ByteKernels& bytes;
  Pixels pixels;
};

class Convolution {
 public:
  Convolution(const Kernels& kernels, const QuantizedConvDesc& desc, const QuantizedConvArgs& args)
      : kernels_(kernels),
        desc_(desc),
        args_(args),
        zero_(from_lowest(desc.in, desc.in_zero)),
        schedule_(layer_of(desc, kernels.pixels)),
        lines_(schedule_.line_patch()),
        pixels_(schedule_.pixel_patch()),
        taps_(schedule_) {
    std::memset(&padding_, zero_, sizeof(padding_));
  }

  void run(ThreadPool& pool) const { lines::Bands(schedule_, args_.scratch).run(*this, pool); }

  void fill(int64_t image, const Band& band, int64_t piece, std::byte* patch) const {
    const Window& w = schedule_.window;
    const PixelPlace place{kernels_.pixels, pixels_, w};
    if (desc_.pixels) {
      const LevelImage levels{
          .image = *desc_.pixels,
          .levels = static_cast<const uint8_t*>(args_.in) + image * desc_.pixels->image_bytes,
          .flip = flip_of(desc_.in),
          .zero = static_cast<uint8_t>(zero_)};
      fill_pixels(kernels_.bytes, place, levels, band, patch);
      return;
    }
    if (schedule_.planes) {
      const int64_t channels = desc_.conv.in_channels;
      const PlaneImage planes{
          .planes = static_cast<const uint8_t*>(args_.in) + image * channels * volume(w.in),
          .channels = channels,
          .flip = flip_of(desc_.in),
          .zero = static_cast<uint8_t>(zero_)};
      fill_pixels(kernels_.bytes, place, planes, band, patch);
      return;
    }
    lines_.fill(image_at(image) + piece * volume(w.in), padding_, band,
                reinterpret_cast<Line*>(patch + piece * taps_.input_bytes));
  }

  const std::byte* in_place(int64_t image, const Band& band) const {
    return reinterpret_cast<const std::byte*>(image_at(image) + band.row * schedule_.window.in[2]);
  }

  void multiply(const lines::Part& part) const {
    const int64_t first = part.panel * kPanelColumns;
    const PaddedScales<kPanelColumns> scales(desc_, args_, first);
    DotProduct product{
        .products = products_of(schedule_, taps_, part),
        .results = results_at(
            desc_, args_,
            {.image = part.image, .first = first, .pixel = part.band.row * schedule_.window.out[2]})};
    set_weights(product.products, schedule_, part, args_.weights);
    product.results.scale = scales.scale;
    product.results.shift = scales.shift;
    alignas(64) int32_t corrections[kPanelColumns];
    const auto* const sums = reinterpret_cast<const int32_t*>(static_cast<const std::byte*>(args_.weights) +
                                                              schedule_.weight_bytes());
    for (int64_t i = 0; i < kPanelColumns; ++i) corrections[i] = -zero_ * sums[first + i];
    product.corrections = corrections;
    kernels_.dots.multiply(product);
  }

 private:
  const Line* image_at(int64_t image) const {
    return static_cast<const Line*>(args_.in) + image * schedule_.inputs * volume(schedule_.window.in);
  }

  Line padding_;
  Kernels kernels_;
  const QuantizedConvDesc& desc_;
  const QuantizedConvArgs& args_;
  int32_t zero_;  ///< point of the inputs
  Schedule schedule_;
  lines::LinePatch lines_;
  PixelPatch pixels_;
  lines::TapLayout taps_;
};

template <Pixels pixels>
size_t scratch_bytes(const QuantizedConvDesc& desc) {
  return Schedule(layer_of(desc, pixels)).scratch_bytes();
}

template <Pixels pixels>
size_t packed_bytes(const QuantizedConvDesc& desc) {
  const Schedule schedule(layer_of(desc, pixels));
  return schedule.weight_bytes() + static_cast<size_t>(schedule.panels() * kPanelColumns) * sizeof(int32_t);
}

/// Where the weights of a step's terms lie among those of an output channel; none past the last.
using TermOffsets = std::array<std::optional<int64_t>, kChannels>;

TermOffsets terms_of(const QuantizedConvDesc& desc, Pixels pixels, const Schedule& schedule, int64_t step) {
  const Size3& kernel = desc.conv.window.kernel;
  const int64_t input = step / schedule.taps, tap = step % schedule.taps,
                across = schedule.taps / schedule.window.kernel[1];
  TermOffsets offsets;
  for (int64_t term = 0; term < kChannels; ++term) {
    int64_t channel = input * kChannels + term, kh = tap / across, kw = tap % across;
    if (schedule.planes) {
      const auto& [taps, bytes] = schedule.pixels;
      if (term / bytes == taps) break;
      const int64_t rows = pixels == Pixels::kPaired ? 2 : 1, channels = bytes / rows;
      channel = term % channels;
      kh = rows * kh + term % bytes / channels;
      kw = kw * taps + term / bytes;
    }
    if (channel < desc.conv.in_channels && kh < kernel[1] && kw < kernel[2])
      offsets[static_cast<size_t>(term)] = (channel * kernel[1] + kh) * kernel[2] + kw;
  }
  return offsets;
}

/// [four terms][column][term].
void pack_tile(const TermOffsets& terms, std::span<const int8_t* const> columns, int8_t* to) {
  for (size_t i = 0; i < kTileBytes; ++i) {
    const int8_t* const column = columns[i / kTerms % kColumns];
    const auto offset = terms[i / (kTerms * kColumns) * kTerms + i % kTerms];
    to[i] = column != nullptr && offset ? column[*offset] : int8_t{0};
  }
}

/// [panel][input][tap][tile][four terms][column][term], then the sum of each output channel's.
template <Pixels pixels>
void pack(const QuantizedConvDesc& desc, const int8_t* plain, void* packed) {
  const Schedule schedule(layer_of(desc, pixels));
  const int64_t of_column = desc.conv.in_channels * volume(desc.conv.window.kernel);
  auto* const bytes = static_cast<int8_t*>(packed);
  for (int64_t step = 0; step < schedule.inputs * schedule.taps; ++step) {
    const TermOffsets terms = terms_of(desc, pixels, schedule, step);
    for (int64_t panel = 0; panel < schedule.panels(); ++panel) {
      const int64_t tiles = schedule.tiles_of(panel);
      int8_t* to = bytes + panel * schedule.panel_bytes() + step * tiles * kTileBytes;
      for (int64_t tile = 0; tile < tiles; ++tile, to += kTileBytes) {
        std::array<const int8_t*, kColumns> columns{};
        for (int64_t i = 0; i < kColumns; ++i)
          if (const int64_t column = panel * kPanelColumns + tile * kColumns + i;
              column < desc.conv.out_channels)
            columns[static_cast<size_t>(i)] = plain + column * of_column;
        pack_tile(terms, columns, to);
      }
    }
  }
  auto* const sums = reinterpret_cast<int32_t*>(bytes + schedule.weight_bytes());
  for (int64_t column = 0; column < schedule.panels() * kPanelColumns; ++column) {
    sums[column] = 0;
    for (int64_t i = 0; i < of_column && column < desc.conv.out_channels; ++i)
      sums[column] += plain[column * of_column + i];
  }
}

template <Pixels pixels>
Status accepts_case(const QuantizedConvDesc& desc) {
  const ConvDesc& conv = desc.conv;
  if (conv.groups != 1) return unsupported("takes no groups");
  if (conv.window.in[0] != 1 || conv.window.out[0] != 1 || conv.window.kernel[0] != 1)
    return unsupported("takes two spatial axes");
  if (Schedule(layer_of(desc, pixels)).taps > lines::kMostTaps)
    return unsupported("takes up to {} taps", lines::kMostTaps);
  return {};
}

Status needs_nothing(const CpuFeatures&) { return {}; }

template <const DotKernels& (*dots)(), const ByteKernels& (*bytes)(), Needs needs,
          Pixels pixels = Pixels::kPaired>
constexpr QuantizedConvImpl impl(std::string_view name) {
  return {name,
          [](const QuantizedConvDesc& desc, const CpuFeatures& cpu) -> Status {
            RETURN_IF_ERROR(needs(cpu));
            return accepts_case<pixels>(desc);
          },
          packed_bytes<pixels>,
          pack<pixels>,
          scratch_bytes<pixels>,
          [](const QuantizedConvDesc& desc, const QuantizedConvArgs& args, ThreadPool& pool) {
            Convolution({dots(), bytes(), pixels}, desc, args).run(pool);
          }};
}

constexpr QuantizedConvImpl winograd_impl(std::string_view name) {
  using winograd::avx512_vnni_tiles;
  return {name,
          [](const QuantizedConvDesc& desc, const CpuFeatures& cpu) -> Status {
            RETURN_IF_ERROR(needs_avx512_vnni(cpu));
            return winograd::accepts_byte_lines(avx512_vnni_tiles(), desc, winograd::rates_of(cpu));
          },
          [](const QuantizedConvDesc& desc) {
            return winograd::packed_byte_lines_bytes(avx512_vnni_tiles(), desc);
          },
          [](const QuantizedConvDesc& desc, const int8_t* weights, void* packed) {
            winograd::pack_byte_lines(avx512_vnni_tiles(), desc, weights, packed);
          },
          [](const QuantizedConvDesc& desc) {
            return winograd::byte_lines_scratch_bytes(avx512_vnni_tiles(), desc);
          },
          [](const QuantizedConvDesc& desc, const QuantizedConvArgs& args, ThreadPool& pool) {
            winograd::byte_lines_conv(avx512_vnni_tiles(), desc, args, pool);
          }};
}

template <DepthwiseKernel kernel, Needs needs>
constexpr QuantizedConvImpl depthwise_impl(std::string_view name) {
  return {name,
          [](const QuantizedConvDesc& desc, const CpuFeatures& cpu) -> Status {
            RETURN_IF_ERROR(needs(cpu));
            return accepts_depthwise(desc);
          },
          packed_depthwise_bytes,
          pack_depthwise,
          [](const QuantizedConvDesc&) -> size_t { return 0; },
          [](const QuantizedConvDesc& desc, const QuantizedConvArgs& args, ThreadPool& pool) {
            depthwise(kernel, desc, args, pool);
          }};
}

}  // namespace

std::span<const QuantizedConvImpl> conv_impls() {
  static constexpr std::array<QuantizedConvImpl, 6> kImpls = {{
      impl<amx_dots, avx512_bytes, needs_amx_int8>("bytes_amx"),
      winograd_impl("bytes_winograd4_avx512_vnni"),
      impl<avx512_vnni_dots, avx512_bytes, needs_avx512_vnni, Pixels::kDense>("bytes_avx512_vnni"),
      depthwise_impl<avx512_vnni_depthwise, needs_avx512_vnni>("bytes_lanes_avx512_vnni"),
      depthwise_impl<ref_depthwise, needs_nothing>("bytes_lanes_ref"),
      impl<ref_dots, ref_bytes, needs_nothing>("bytes_ref"),
  }};
  return kImpls;
}

bool takes_planes(const QuantizedConvDesc& desc) {
  return desc.conv.groups == 1 && desc.conv.in_channels <= PixelPatch::kChannels &&
         desc.conv.window.dilation[2] == 1 && volume(desc.conv.window.kernel) > 1;
}

Status are_fast(const CpuFeatures& cpu) {
  return needs_amx_int8(cpu).ok() ? Status() : needs_avx512_vnni(cpu);
}

}  // namespace ridgeline::kernels::bytes
