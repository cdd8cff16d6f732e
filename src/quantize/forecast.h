#pragma once

#include <string>
#include <vector>

#include "base/cpu_features.h"
#include "base/status.h"
#include "cost/devices.h"
#include "cost/roofline.h"
#include "graph/infer.h"
#include "quantize/plan.h"

namespace ridgeline::quantize {

/// The least time of one group of operators that run as one, in floats and as the plan has it.
struct LayerForecast {
  std::string name;  ///< of the layer that the others are fused to
  std::string op;
  bool int8 = false;
  double fp32_seconds = 0;
  double int8_seconds = 0;
  cost::Bound fp32_bound = cost::Bound::kMemory;
  cost::Bound int8_bound = cost::Bound::kMemory;

  double speedup() const { return int8_seconds > 0 ? fp32_seconds / int8_seconds : 1; }
};

enum class Verdict { kPays, kHardlyPays, kDoesNotPay };
std::string_view name_of(Verdict verdict);  // "pays" "hardly pays" "does not pay"

/// What INT8 can gain on a machine, before any work: every layer at its roof, with fused traffic, in FP32 and
/// in INT8. An engine that comes equally close to both roofs gains just that.
struct Forecast {
  std::string instructions;  ///< that multiply 8-bit integers: "amx_int8", "avx512_vnni"; "" without any
  double peak_ratio = 1;     ///< of the measured INT8 and FP32 peaks
  std::vector<LayerForecast> layers;
  double fp32_seconds = 0;        ///< of one call
  double int8_seconds = 0;        ///< with integer kernels (ONNX Runtime, OpenVINO, native)
  double emulated_seconds = 0;    ///< where quantised values are computed with as floats (LibTorch)
  double conversion_seconds = 0;  ///< in both: between floats and integers

  double speedup() const { return fp32_seconds / int8_seconds; }
  double emulated_speedup() const { return fp32_seconds / emulated_seconds; }
  /// Without such instructions `native` computes with floats.
  double native_speedup() const { return instructions.empty() ? emulated_speedup() : speedup(); }
  Verdict verdict() const;
  /// The verdict and its reason in one sentence.
  std::string words() const;
};

/// `types` are of `prepared` at the shapes of the call. kUnsupported where an operator's work is not known.
Result<Forecast> forecast(const Graph& prepared, const Plan& plan, const TypeMap& types,
                          const cost::Device& device, const CpuFeatures& cpu);

}  // namespace ridgeline::quantize
