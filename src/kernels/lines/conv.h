#pragma once

#include <optional>

#include "kernels/conv.h"
#include "kernels/lines/line.h"
#include "kernels/pixels/pixel_image.h"

/// Convolutions with one group over two axes, of any kernel, stride, dilation and padding, of images in
/// lines, but for inputs of few channels (takes_planes), which lie as ONNX has them, in FP32.
namespace ridgeline::kernels::lines {

struct LineConvDesc {
  ConvDesc conv;
  Numbers numbers = Numbers::kBf16;
  /// Where the input is pixels of bytes, in place of planes.
  std::optional<pixels::PixelInput> pixels{};
};

struct LineConvArgs {
  const void* in = nullptr;
  const void* weights = nullptr;  ///< as `pack` left them
  const float* bias = nullptr;
  const Line* residual = nullptr;
  Line* out = nullptr;
  void* scratch = nullptr;  ///< scratch_bytes of 64-byte aligned memory, of no meaning between calls
};

/// As ConvImpl. Sums are FP32; inputs, the residual, results and, unless it keeps them, weights are the
/// desc's numbers.
struct LineConvImpl {
  std::string_view name;
  Status (*accepts)(const LineConvDesc& desc, const CpuFeatures& cpu);
  size_t (*packed_bytes)(const LineConvDesc& desc);
  void (*pack)(const LineConvDesc& desc, const float* weights, void* packed);
  size_t (*scratch_bytes)(const LineConvDesc& desc);
  void (*run)(const LineConvDesc& desc, const LineConvArgs& args, ThreadPool& pool);
  bool keeps_weights = false;  ///< as they are, FP32
};

/// Best first; `ref`, the last, runs those with one group on any CPU.
std::span<const LineConvImpl> conv_impls();

/// Ok where convolutions of such numbers are faster than FP32's, or what `cpu` lacks.
Status are_fast(Numbers numbers, const CpuFeatures& cpu);

/// Images of so few channels that lines would be empty for the most part.
bool takes_planes(const LineConvDesc& desc);

}  // namespace ridgeline::kernels::lines
