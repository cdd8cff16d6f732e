#pragma once

#include <span>
#include <string_view>

#include "base/cpu_features.h"
#include "kernels/ref/unary.h"

namespace ridgeline::kernels {

struct UnaryDesc {
  ref::UnaryOp op = ref::UnaryOp::kAbs;
  ref::UnaryParams params{};
  DType dtype = DType::kF32;
};

struct UnaryImpl {
  std::string_view name;
  /// Ok, or the reason why this case is not for this implementation.
  Status (*accepts)(const UnaryDesc& desc, const CpuFeatures& cpu);
  /// out[i] = f(in[i]), see ref::unary; in and out may be the same.
  Status (*run)(const UnaryDesc& desc, const TensorView& in, const TensorView& out, ThreadPool& pool);
};

/// Best first, `ref` last; `ref` takes every case, and refuses types that ONNX does not allow when it runs.
std::span<const UnaryImpl> unary_impls();

}  // namespace ridgeline::kernels
