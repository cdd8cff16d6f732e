#include "kernels/lines/conv.h"

#include <algorithm>
#include <array>
#include <optional>

#include "kernels/lines/bands.h"
#include "kernels/lines/depthwise.h"
#include "kernels/lines/depthwise_patches.h"
#include "kernels/lines/dot.h"
#include "kernels/needs.h"
#include "kernels/winograd/blocked.h"
#include "kernels/winograd/lines.h"
#include "tensor/half.h"

namespace ridgeline::kernels::lines {
namespace {

LineLayer layer_of(const LineConvDesc& desc) {
  const bool planes = takes_planes(desc);
  return {.conv = desc.conv,
          .window = desc.conv.window,
          .planes = planes,
          .pixels = kPixelsOfFour,
          .parts = parts_of(desc.numbers),
          .inputs = planes ? 1 : blocks_of(desc.conv.in_channels),
          .outputs = blocks_of(desc.conv.out_channels),
          .panels_of_output = 1};
}

/// One instruction set's.
struct Kernels {
  const DotKernels& dots;
  const LineKernels& lines;
};

class Convolution {
 public:
  Convolution(const Kernels& kernels, const LineConvDesc& desc, const LineConvArgs& args)
      : kernels_(kernels),
        desc_(desc),
        args_(args),
        schedule_(layer_of(desc)),
        lines_(schedule_.line_patch()),
        pixels_(schedule_.pixel_patch()),
        taps_(schedule_) {}

  void run(ThreadPool& pool) const { Bands(schedule_, args_.scratch).run(*this, pool); }

  void fill(int64_t image, const Band& band, int64_t piece, std::byte* patch) const {
    const Window& w = schedule_.window;
    if (desc_.pixels) {
      const auto* const bytes =
          static_cast<const uint8_t*>(args_.in) + image * desc_.pixels->image.image_bytes;
      pixels_.fill(kernels_.lines, ByteImage{*desc_.pixels, bytes, desc_.numbers}, band, patch);
      return;
    }
    if (schedule_.planes) {
      const int64_t channels = desc_.conv.in_channels;
      const float* const planes = static_cast<const float*>(args_.in) + image * channels * volume(w.in);
      pixels_.fill(kernels_.lines, PlaneImage{planes, channels, desc_.numbers}, band, patch);
      return;
    }
    const Line* const in = static_cast<const Line*>(args_.in) + image * image_lines();
    lines_.fill(in + piece * volume(w.in), Line{}, band,
                reinterpret_cast<Line*>(patch + piece * taps_.input_bytes));
  }

  const std::byte* in_place(int64_t image, const Band& band) const {
    return reinterpret_cast<const std::byte*>(static_cast<const Line*>(args_.in) + image * image_lines() +
                                              band.row * schedule_.window.in[2]);
  }

  void multiply(const Part& part) const {
    const int64_t block = part.image * schedule_.outputs + part.panel;
    const int64_t line = block * schedule_.parts * out_lines() + part.band.row * schedule_.window.out[2];
    alignas(64) float bias[kChannels];
    TapProducts products = products_of(schedule_, taps_, part);
    set_weights(products, schedule_, part, args_.weights);
    kernels_.dots.multiply(
        {.numbers = desc_.numbers,
         .products = products,
         .results = {.part_lines = out_lines(),
                     .out = args_.out + line,
                     .residual = desc_.conv.has_residual ? args_.residual + line : nullptr,
                     .bias = blocked::padded_bias(desc_.conv, args_.bias, part.panel * kChannels, bias),
                     .activation = desc_.conv.activation}});
  }

 private:
  int64_t out_lines() const { return volume(schedule_.window.out); }
  int64_t image_lines() const { return schedule_.inputs * schedule_.parts * volume(schedule_.window.in); }

  Kernels kernels_;
  const LineConvDesc& desc_;
  const LineConvArgs& args_;
  Schedule schedule_;
  LinePatch lines_;
  PixelPatch pixels_;
  TapLayout taps_;
};

size_t scratch_bytes(const LineConvDesc& desc) { return Schedule(layer_of(desc)).scratch_bytes(); }

size_t packed_bytes(const LineConvDesc& desc) { return Schedule(layer_of(desc)).weight_bytes(); }

/// Where the weights of a step's terms lie among those of an output channel; none past the last.
using TermOffsets = std::array<std::optional<int64_t>, kChannels>;

TermOffsets terms_of(const LineConvDesc& desc, const Schedule& schedule, int64_t step) {
  const Size3& kernel = schedule.window.kernel;
  const int64_t input = step / schedule.taps, tap = step % schedule.taps, across = schedule.taps / kernel[1];
  TermOffsets offsets;
  for (int64_t term = 0; term < kChannels; ++term) {
    int64_t channel = input * kChannels + term, kw = tap % across;
    if (schedule.planes) {
      channel = term % PixelPatch::kChannels;
      kw = kw * kPixelsOfFour.taps_of_line + term / PixelPatch::kChannels;
    }
    if (channel < desc.conv.in_channels && kw < kernel[2])
      offsets[static_cast<size_t>(term)] = (channel * kernel[1] + tap / across) * kernel[2] + kw;
  }
  return offsets;
}

/// Both parts of a tile: [pair of terms][column][term]. `lo` is null for single numbers.
void pack_tile(const TermOffsets& terms, std::span<const float* const> columns, uint16_t* hi, uint16_t* lo) {
  for (size_t i = 0; i < kTileBytes / 2; ++i) {
    const float* const column = columns[i / 2 % kColumns];
    const auto offset = terms[i / (2 * kColumns) * 2 + i % 2];
    const float weight = column != nullptr && offset ? column[*offset] : 0;
    hi[i] = f32_to_bf16(weight);
    if (lo != nullptr) lo[i] = f32_to_bf16(weight - bf16_to_f32(hi[i]));
  }
}

/// [panel][input][tap][hi, lo][tile][pair of terms][column][term].
void pack(const LineConvDesc& desc, const float* plain, void* packed) {
  const Schedule schedule(layer_of(desc));
  const int64_t steps = schedule.inputs * schedule.taps;
  const int64_t of_column = desc.conv.in_channels * volume(schedule.window.kernel);
  for (int64_t step = 0; step < steps; ++step) {
    const TermOffsets terms = terms_of(desc, schedule, step);
    for (int64_t panel = 0; panel < schedule.panels(); ++panel) {
      const int64_t tiles = schedule.tiles_of(panel), part = tiles * kTileBytes / 2;
      auto* to = static_cast<uint16_t*>(packed) +
                 (panel * schedule.panel_bytes() + step * schedule.parts * tiles * kTileBytes) / 2;
      for (int64_t tile = 0; tile < tiles; ++tile, to += kTileBytes / 2) {
        std::array<const float*, kColumns> columns{};
        for (int64_t i = 0; i < kColumns; ++i)
          if (const int64_t column = panel * kChannels + tile * kColumns + i; column < desc.conv.out_channels)
            columns[static_cast<size_t>(i)] = plain + column * of_column;
        pack_tile(terms, columns, to, schedule.parts == 2 ? to + part : nullptr);
      }
    }
  }
}

Status accepts_case(const LineConvDesc& desc) {
  const ConvDesc& conv = desc.conv;
  if (!conv.has_constant_weights) return unsupported("needs constant weights");
  RETURN_IF_ERROR(has_no_factor_nor_means(conv));
  if (conv.groups != 1) return unsupported("takes no groups");
  if (!conv.sums_to.is_none() || !conv.results_to.is_none()) return unsupported("rounds to no steps");
  if (conv.window.in[0] != 1 || conv.window.out[0] != 1 || conv.window.kernel[0] != 1)
    return unsupported("takes two spatial axes");
  if (Schedule(layer_of(desc)).taps > kMostTaps) return unsupported("takes up to {} taps", kMostTaps);
  return {};
}

Status needs_amx_bf16(const CpuFeatures& cpu) {
  return cpu.amx_bf16 && cpu.avx512_bf16 ? Status() : unsupported("needs amx_bf16");
}

Status needs_avx512_bf16(const CpuFeatures& cpu) {
  return cpu.avx512_bf16 ? Status() : unsupported("needs avx512_bf16");
}

Status accepts_singles(const LineConvDesc& desc) {
  if (desc.numbers != Numbers::kBf16) return unsupported("multiplies single numbers");
  return accepts_case(desc);
}

Status needs_nothing(const CpuFeatures&) { return {}; }

using LineKernelsOf = const LineKernels& (*)(Numbers numbers);

using Accepts = Status (*)(const LineConvDesc& desc);

template <const DotKernels& (*dots)(), LineKernelsOf lines, Needs needs, Accepts accepts = accepts_case>
constexpr LineConvImpl impl(std::string_view name) {
  return {name,
          [](const LineConvDesc& desc, const CpuFeatures& cpu) -> Status {
            RETURN_IF_ERROR(needs(cpu));
            return accepts(desc);
          },
          packed_bytes,
          pack,
          scratch_bytes,
          [](const LineConvDesc& desc, const LineConvArgs& args, ThreadPool& pool) {
            Convolution({dots(), lines(desc.numbers)}, desc, args).run(pool);
          }};
}

winograd::LineKernels large_tiles() {
  return {{winograd::avx512_tiles(), blocked::avx512_panels()}, winograd::avx512_bf16_tiles()};
}

/// In FP32, which has as many bits to spare.
constexpr LineConvImpl winograd_impl(std::string_view name) {
  return {name,
          [](const LineConvDesc& desc, const CpuFeatures& cpu) -> Status {
            RETURN_IF_ERROR(needs_avx512_bf16(cpu));
            return winograd::accepts_lines(large_tiles(), desc, winograd::rates_of(cpu));
          },
          [](const LineConvDesc& desc) {
            return winograd::packed_blocked_bytes(large_tiles().blocked, desc.conv);
          },
          [](const LineConvDesc& desc, const float* weights, void* packed) {
            winograd::pack_blocked(large_tiles().blocked, desc.conv, weights, packed);
          },
          [](const LineConvDesc& desc) {
            return winograd::blocked_scratch_bytes(large_tiles().blocked, desc.conv);
          },
          [](const LineConvDesc& desc, const LineConvArgs& args, ThreadPool& pool) {
            winograd::lines_conv(large_tiles(), desc, args, pool);
          },
          true};
}

constexpr LineConvImpl depthwise_patches_impl(std::string_view name) {
  return {name,
          [](const LineConvDesc& desc, const CpuFeatures& cpu) -> Status {
            RETURN_IF_ERROR(needs_avx512_bf16(cpu));
            return accepts_depthwise_patches(desc);
          },
          packed_depthwise_patches_bytes,
          pack_depthwise_patches,
          [](const LineConvDesc&) -> size_t { return 0; },
          depthwise_patches,
          true};
}

template <const blocked::LaneKernels& (*lanes)(), LineKernelsOf lines, Needs needs>
constexpr LineConvImpl depthwise_impl(std::string_view name) {
  return {name,
          [](const LineConvDesc& desc, const CpuFeatures& cpu) -> Status {
            RETURN_IF_ERROR(needs(cpu));
            return accepts_depthwise(desc);
          },
          packed_depthwise_bytes,
          pack_depthwise,
          depthwise_scratch_bytes,
          [](const LineConvDesc& desc, const LineConvArgs& args, ThreadPool& pool) {
            depthwise({lanes(), lines(desc.numbers)}, desc, args, pool);
          },
          true};
}

}  // namespace

std::span<const LineConvImpl> conv_impls() {
  static constexpr std::array<LineConvImpl, 7> kImpls = {{
      impl<amx_dots, avx512_lines, needs_amx_bf16>("tiles_amx"),
      winograd_impl("winograd4_avx512_bf16"),
      impl<avx512_bf16_dots, avx512_lines, needs_avx512_bf16, accepts_singles>("dot_avx512_bf16"),
      depthwise_patches_impl("depthwise_avx512_bf16"),
      depthwise_impl<blocked::avx512_lanes, avx512_lines, needs_avx512>("depthwise_avx512"),
      depthwise_impl<blocked::avx2_lanes, avx2_lines, needs_avx2>("depthwise_avx2"),
      impl<ref_dots, ref_lines, needs_nothing>("ref"),
  }};
  return kImpls;
}

Status are_fast(Numbers numbers, const CpuFeatures& cpu) {
  const Status tiles = needs_amx_bf16(cpu);
  return tiles.ok() || numbers == Numbers::kBf16Pair ? tiles : needs_avx512_bf16(cpu);
}

bool takes_planes(const LineConvDesc& desc) {
  return desc.conv.groups == 1 && desc.conv.in_channels <= PixelPatch::kChannels &&
         desc.conv.window.dilation[2] == 1;
}

}  // namespace ridgeline::kernels::lines
