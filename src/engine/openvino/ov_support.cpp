#include "engine/openvino/ov_support.h"

#include <array>
#include <utility>

#include "base/cpu_features.h"

namespace ridgeline::ov_engine {

namespace {

const std::array<std::pair<ov::element::Type, DType>, 13>& types() {
  static const std::array<std::pair<ov::element::Type, DType>, 13> kTypes = {{
      {ov::element::f32, DType::kF32},
      {ov::element::f16, DType::kF16},
      {ov::element::bf16, DType::kBF16},
      {ov::element::f64, DType::kF64},
      {ov::element::i8, DType::kI8},
      {ov::element::u8, DType::kU8},
      {ov::element::i16, DType::kI16},
      {ov::element::u16, DType::kU16},
      {ov::element::i32, DType::kI32},
      {ov::element::u32, DType::kU32},
      {ov::element::i64, DType::kI64},
      {ov::element::u64, DType::kU64},
      {ov::element::boolean, DType::kBool},
  }};
  return kTypes;
}

/// The type that float operators compute in; what is quantized in the model stays so.
ov::element::Type compute_type(Precision precision) {
  switch (precision) {
    case Precision::kBf16:
      return ov::element::bf16;
    case Precision::kFp16:
      return ov::element::f16;
    default:
      return ov::element::f32;
  }
}

}  // namespace

std::optional<DType> dtype_from(const ov::element::Type& type) {
  for (const auto& [theirs, ours] : types()) {
    if (theirs == type) return ours;
  }
  return std::nullopt;
}

ov::element::Type to_ov(DType dtype) {
  for (const auto& [theirs, ours] : types()) {
    if (ours == dtype) return theirs;
  }
  return ov::element::dynamic;
}

std::optional<Shape> shape_from(const ov::PartialShape& shape) {
  if (shape.rank().is_dynamic()) return std::nullopt;
  Shape dims;
  for (const ov::Dimension& dim : shape) {
    dims.dims().push_back(dim.is_static() ? dim.get_length() : Shape::kUnknownDim);
  }
  return dims;
}

Status to_status(ErrorCode code, const std::exception& error) {
  const std::string message = plugin::one_line(error.what());
  const bool is_unsupported = message.find("OpenVINO does not support") != std::string::npos;
  return {is_unsupported ? ErrorCode::kUnsupported : code, message};
}

Result<ov::CompiledModel> compile_model(ov::Core& core, const std::shared_ptr<ov::Model>& model,
                                        const SessionOptions& options, bool profiling) {
  return guarded(ErrorCode::kInternal, [&]() -> Result<ov::CompiledModel> {
    // OpenVINO counts the cores that it pins threads to from the first one for every session: several
    // sessions that run at a time would share a core and leave others idle.
    const bool has_all_cores = options.threads >= allowed_cpus();
    return core.compile_model(
        model, "CPU", ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY), ov::num_streams(1),
        ov::inference_num_threads(options.threads), ov::hint::enable_cpu_pinning(has_all_cores),
        ov::hint::inference_precision(compute_type(options.precision)), ov::enable_profiling(profiling));
  });
}

}  // namespace ridgeline::ov_engine
