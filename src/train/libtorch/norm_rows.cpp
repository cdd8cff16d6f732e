#include "train/libtorch/norm_rows.h"

#include "base/cpu_features.h"

namespace ridgeline::train {

namespace {

const NormRows* best_rows() {
  const CpuFeatures features = detect_cpu_features();
  if (features.avx512f) return &norm_rows_avx512();
  if (features.avx2 && features.fma) return &norm_rows_avx2();
  return nullptr;
}

}  // namespace

const NormRows* norm_rows() {
  static const NormRows* const kBest = best_rows();
  return kBest;
}

}  // namespace ridgeline::train
