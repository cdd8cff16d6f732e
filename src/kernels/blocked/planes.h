#pragma once

#include <span>
#include <string_view>

#include "base/cpu_features.h"
#include "base/status.h"
#include "base/thread_pool.h"

/// What squeezes planes to a number for each channel, and multiplies planes by one.
namespace ridgeline::kernels::blocked {

/// [planes, pixels, kBlock], a plane for each block of each image.
struct PlanesDesc {
  int64_t planes = 1;
  int64_t pixels = 1;
};

/// One implementation, of those that are listed best first and may all refuse.
template <typename Args>
struct PlanesImpl {
  std::string_view name;
  Status (*accepts)(const PlanesDesc& desc, const CpuFeatures& cpu);
  void (*run)(const PlanesDesc& desc, const Args& args, ThreadPool& pool);
};

/// out[plane, lane] = the mean of in's pixels.
struct MeanArgs {
  const float* in = nullptr;
  float* out = nullptr;
};
std::span<const PlanesImpl<MeanArgs>> mean_impls();

/// out[plane, pixel, lane] = in[plane, pixel, lane] · factor[plane, lane].
struct ScaleArgs {
  const float* in = nullptr;
  const float* factor = nullptr;
  float* out = nullptr;
};
std::span<const PlanesImpl<ScaleArgs>> scale_impls();

}  // namespace ridgeline::kernels::blocked
