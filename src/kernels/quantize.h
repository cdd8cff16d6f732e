#pragma once

#include <span>
#include <string_view>

#include "base/cpu_features.h"
#include "kernels/activation.h"
#include "kernels/ref/quantize.h"

namespace ridgeline::kernels {

struct QuantizeImpl {
  std::string_view name;
  /// Ok, or the reason why integers of this type are not for this implementation.
  Status (*accepts)(const DType& integers, const CpuFeatures& cpu);
  Status (*run)(const TensorView& in, const ref::QuantPairs& pairs, const TensorView& out, ThreadPool& pool);
};

/// See ref::quantize and ref::dequantize. Best first, `ref` last; `ref` takes every case, and refuses types
/// that ONNX does not allow when it runs.
std::span<const QuantizeImpl> quantize_impls();
std::span<const QuantizeImpl> dequantize_impls();

struct RoundingImpl {
  std::string_view name;
  Status (*accepts)(const Rounding& to, const CpuFeatures& cpu);
  /// What ref::quantize and ref::dequantize leave of FP32.
  Status (*run)(const TensorView& in, const Rounding& to, const TensorView& out, ThreadPool& pool);
};
std::span<const RoundingImpl> rounding_impls();

}  // namespace ridgeline::kernels
