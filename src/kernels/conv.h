#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/cpu_features.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "kernels/activation.h"
#include "kernels/window.h"

namespace ridgeline::kernels {

/// out = results_to(activation(sums_to(conv(in · factor, weights) + bias) + residual)), FP32. in is [batch,
/// in_channels, in…], factor [batch, in_channels], weights [out_channels, in_channels / groups, kernel…], out
/// and residual [batch, out_channels, out…], bias [out_channels]. row_means, the means over out's last axis,
/// are [batch, out_channels, out… but the last].
struct ConvDesc {
  int64_t batch = 1;
  int64_t in_channels = 1;
  int64_t out_channels = 1;
  int64_t groups = 1;
  Window window;
  int threads = 1;  ///< that share a call at most; each has scratch of its own
  bool has_bias = false;
  bool has_residual = false;
  bool has_factor = false;
  bool has_row_means = false;
  bool has_constant_weights = true;  ///< known when the plan is made, so that they can be packed
  Activation activation{};
  Rounding sums_to{}, results_to{};
};

struct ConvArgs {
  const float* in = nullptr;
  const void* weights = nullptr;  ///< as `pack` left them; plain FP32 where packed_bytes is 0
  const float* bias = nullptr;
  const float* residual = nullptr;
  float* out = nullptr;
  void* scratch = nullptr;  ///< scratch_bytes of 64-byte aligned memory, of no meaning between calls
  const float* factor = nullptr;
  float* row_means = nullptr;
};

/// For implementations that do neither.
inline Status has_no_factor_nor_means(const ConvDesc& desc) {
  if (desc.has_factor) return unsupported("multiplies no inputs");
  return desc.has_row_means ? unsupported("leaves no means") : Status();
}

struct ConvImpl {
  std::string_view name;
  /// Ok, or the reason why this case is not for this implementation.
  Status (*accepts)(const ConvDesc& desc, const CpuFeatures& cpu);
  /// Bytes of the packed weights (64-byte aligned memory); 0 when `run` takes them as they are.
  size_t (*packed_bytes)(const ConvDesc& desc);
  void (*pack)(const ConvDesc& desc, const float* weights, void* packed);
  size_t (*scratch_bytes)(const ConvDesc& desc);
  void (*run)(const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool);
  bool takes_parts = false;  ///< heeds the window's in_plane and out_plane
  /// Whether `out` may be the residual; null for never.
  bool (*replaces_residual)(const ConvDesc& desc) = nullptr;
};

/// Best first, `ref` last; `ref` accepts every case.
std::span<const ConvImpl> conv_impls();

}  // namespace ridgeline::kernels
