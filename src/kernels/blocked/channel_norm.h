#pragma once

#include <span>
#include <string_view>

#include "base/cpu_features.h"
#include "base/status.h"
#include "kernels/ref/normalise.h"

namespace ridgeline::kernels::blocked {

/// ref::normalise_channels() of images in blocks.
struct ChannelNormImpl {
  std::string_view name;
  /// Ok, or the reason why this case is not for this implementation.
  Status (*accepts)(const ref::ChannelNorm& norm, const CpuFeatures& cpu);
  void (*run)(const ref::ChannelNorm& norm, const ref::ChannelNormArgs& args, ThreadPool& pool);
};

/// Best first; all may refuse.
std::span<const ChannelNormImpl> channel_norm_impls();

}  // namespace ridgeline::kernels::blocked
