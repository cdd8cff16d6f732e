#pragma once

#include <span>
#include <string_view>

#include "base/cpu_features.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "kernels/ref/resize.h"

namespace ridgeline::kernels::blocked {

/// Images whose rows and columns are sampled, each output by as many taps as the axis has, one at least:
/// out[plane, i, j] = Σ rows.weights[r][i] · columns.weights[c][j] · in[plane, rows.pixels[r][i],
/// columns.pixels[c][j]]. Planes are blocks. Nothing lies outside.
struct ResizeDesc {
  int64_t planes = 1;
  int64_t in_rows = 1, in_columns = 1;
  ref::SampledAxis rows, columns;

  int64_t out_rows() const { return static_cast<int64_t>(rows.pixels[0].size()); }
  int64_t out_columns() const { return static_cast<int64_t>(columns.pixels[0].size()); }
};

struct ResizeImpl {
  std::string_view name;
  Status (*accepts)(const ResizeDesc& desc, const CpuFeatures& cpu);
  void (*run)(const ResizeDesc& desc, const float* in, float* out, ThreadPool& pool);
};

/// Best first; all may refuse.
std::span<const ResizeImpl> resize_impls();

}  // namespace ridgeline::kernels::blocked
