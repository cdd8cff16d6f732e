#include "engine/call_check.h"

namespace ridgeline {

namespace {

std::string describe(DType dtype, const Shape& shape) {
  return fmt::format("{} {}", name_of(dtype), shape.to_string());
}

Status check_value(std::string_view kind, const ValueInfo& promised, const TensorView& given) {
  if (given.dtype == promised.type.dtype && given.shape == *promised.type.shape) return {};
  return invalid_argument("{} '{}' is {}, this session was compiled for {}", kind, promised.name,
                          describe(given.dtype, given.shape),
                          describe(promised.type.dtype, *promised.type.shape));
}

bool is_static(const ValueInfo& value) { return value.type.shape && value.type.shape->is_static(); }

}  // namespace

Status check_inputs(const Signature& signature, std::span<const TensorView> in) {
  if (in.size() != signature.inputs.size()) {
    return invalid_argument("{} inputs given, the model takes {}", in.size(), signature.inputs.size());
  }
  for (size_t i = 0; i < in.size(); ++i) {
    const ValueInfo& promised = signature.inputs[i];
    RETURN_IF_ERROR(check_value("input", promised, in[i]));
    if (in[i].data == nullptr && in[i].byte_size() > 0) {
      return invalid_argument("input '{}' has no data", promised.name);
    }
  }
  return {};
}

Status check_call(const Signature& signature, std::span<const TensorView> in,
                  std::span<const TensorView> out) {
  RETURN_IF_ERROR(check_inputs(signature, in));
  if (out.size() != signature.outputs.size()) {
    return invalid_argument("room for {} outputs given, the model has {}", out.size(),
                            signature.outputs.size());
  }
  for (size_t i = 0; i < out.size(); ++i) {
    if (out[i].data == nullptr) continue;
    const ValueInfo& promised = signature.outputs[i];
    if (!is_static(promised)) {
      return invalid_argument("output '{}' has a shape that depends on the data: ask for it with null data",
                              promised.name);
    }
    RETURN_IF_ERROR(check_value("output", promised, out[i]));
  }
  return {};
}

}  // namespace ridgeline
