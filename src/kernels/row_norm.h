#pragma once

#include <span>
#include <string_view>

#include "base/cpu_features.h"
#include "base/status.h"
#include "kernels/ref/normalise.h"

namespace ridgeline::kernels {

/// ref::normalise_rows(): layer, instance and group normalisation.
struct RowNormImpl {
  std::string_view name;
  /// Ok, or the reason why this case is not for this implementation.
  Status (*accepts)(const ref::RowNorm& norm, const CpuFeatures& cpu);
  void (*run)(const ref::RowNorm& norm, const ref::RowNormArgs& args, ThreadPool& pool);
};

/// Best first, `ref` last; `ref` accepts every case.
std::span<const RowNormImpl> row_norm_impls();

}  // namespace ridgeline::kernels
