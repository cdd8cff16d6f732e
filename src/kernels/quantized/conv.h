#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "kernels/conv.h"
#include "kernels/pixels/pixel_image.h"
#include "kernels/quantized/finish.h"
#include "tensor/dtype.h"

namespace ridgeline::kernels::quantized {

/// out = finish(Σ (in − in_zero) · weights, residual). in is u8 or i8 [batch, in_channels, in…], weights i8
/// [out_channels, in_channels / groups, kernel…], the residual u8 or i8 and out u8, i8 or FP32 of [batch,
/// out_channels, out…]. The sums fit 31 bits.
struct QuantizedConvDesc {
  ConvDesc conv;  ///< its activation and its bias are the finish's
  DType in = DType::kU8;
  DType residual = DType::kU8;
  DType out = DType::kU8;
  int32_t in_zero = 0;
  Finish finish{};
  /// Where `in` is pixels that stand for the steps of `in`'s type; for implementations that take planes.
  std::optional<pixels::PixelImage> pixels{};
  /// What no sum exceeds, above or below.
  int64_t largest_sum = std::numeric_limits<int32_t>::max();
};

/// Of a desc's weights, which lie as ONNX has them.
int64_t largest_sum(const QuantizedConvDesc& desc, const int8_t* weights);

struct QuantizedConvArgs {
  const void* in = nullptr;
  const void* weights = nullptr;  ///< as `pack` left them; i8 where packed_bytes is 0
  const float* scale = nullptr;   ///< [out_channels], of sums
  const float* shift = nullptr;   ///< [out_channels]
  const void* residual = nullptr;
  void* out = nullptr;
  void* scratch = nullptr;  ///< scratch_bytes of 64-byte aligned memory, of no meaning between calls
};

struct QuantizedConvImpl {
  std::string_view name;
  /// Ok, or the reason why this case is not for this implementation.
  Status (*accepts)(const QuantizedConvDesc& desc, const CpuFeatures& cpu);
  /// Bytes of the packed weights (64-byte aligned memory); 0 when `run` takes them as they are.
  size_t (*packed_bytes)(const QuantizedConvDesc& desc);
  void (*pack)(const QuantizedConvDesc& desc, const int8_t* weights, void* packed);
  size_t (*scratch_bytes)(const QuantizedConvDesc& desc);
  void (*run)(const QuantizedConvDesc& desc, const QuantizedConvArgs& args, ThreadPool& pool);
};

/// Best first, `ref` last; `ref` accepts every case.
std::span<const QuantizedConvImpl> conv_impls();

}  // namespace ridgeline::kernels::quantized
