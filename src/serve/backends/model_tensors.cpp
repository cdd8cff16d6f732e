#include "serve/backends/model_tensors.h"

#include <algorithm>
#include <fmt/ranges.h>

#include "serve/config/tensor_rules.h"
#include "wire/datatype.h"

namespace ridgeline::serve {
namespace {

/// `to` with the sizes that `from` leaves open filled in, in their order, as `dims` has them.
Shape carry_sizes(std::span<const int64_t> from, std::span<const int64_t> to, std::span<const int64_t> dims) {
  Shape shape;
  size_t at = 0;
  for (const int64_t size : to) {
    if (size != kAnySize) {
      shape.dims().push_back(size);
      continue;
    }
    while (at < from.size() && from[at] != kAnySize) ++at;
    shape.dims().push_back(at < dims.size() ? dims[at] : kAnySize);
    ++at;
  }
  return shape;
}

bool is_batched(const ModelConfig& config) { return config.max_batch_size > 0; }

/// TorchScript's outputs have no names: LibTorch's sessions call them output_0, output_1 …, configurations by
/// Triton's convention anything and the position (OUTPUT__0).
std::string torchscript_name(const std::string& configured) {
  const size_t mark = configured.rfind("__");
  return mark == std::string::npos ? configured : "output_" + configured.substr(mark + 2);
}

Result<size_t> find(std::string_view kind, const std::vector<ValueInfo>& values, const std::string& name) {
  const auto found = std::ranges::find(values, name, &ValueInfo::name);
  if (found != values.end()) return static_cast<size_t>(found - values.begin());
  std::vector<std::string_view> names;
  for (const ValueInfo& value : values) names.push_back(value.name);
  return invalid_argument("it has no {} '{}': its {}s are {}", kind, name, kind, fmt::join(names, ", "));
}

Status check_type(std::string_view kind, const TensorConfig& tensor, const ValueInfo& value) {
  if (tensor.datatype == value.type.dtype) return {};
  return invalid_argument("its {} '{}' is {}, not {} as configured", kind, tensor.name,
                          wire::config_type_name(value.type.dtype),
                          wire::config_type_name(tensor.datatype.value_or(DType::kF32)));
}

}  // namespace

std::vector<int64_t> dims_of_model(const TensorConfig& tensor) {
  return tensor.reshape.value_or(tensor.dims);
}

Shape as_model_sees(const TensorConfig& tensor, std::span<const int64_t> dims) {
  return tensor.reshape ? carry_sizes(tensor.dims, *tensor.reshape, dims)
                        : Shape(std::vector<int64_t>(dims.begin(), dims.end()));
}

Shape as_client_sees(const TensorConfig& tensor, std::span<const int64_t> dims) {
  return tensor.reshape ? carry_sizes(*tensor.reshape, tensor.dims, dims)
                        : Shape(std::vector<int64_t>(dims.begin(), dims.end()));
}

std::span<const int64_t> item_dims(const Shape& shape, bool batched) {
  return std::span(shape.dims()).subspan(batched && shape.rank() > 0 ? 1 : 0);
}

Shape with_rows(const Shape& dims, int64_t rows, bool batched) {
  Shape shape = dims;
  if (batched) shape.dims().insert(shape.dims().begin(), rows);
  return shape;
}

Status check_output(const ModelConfig& config, const OutputConfig& output, const ValueInfo& value,
                    int64_t rows) {
  RETURN_IF_ERROR(check_type("output", output, value));
  if (!value.type.shape) return {};
  std::span<const int64_t> dims = value.type.shape->dims();
  if (is_batched(config)) {
    if (dims.empty() || (dims.front() != rows && dims.front() != kAnySize))
      return invalid_argument(
          "its output '{}' is {} for a batch of {}: set max_batch_size: 0, or export the "
          "model with a dynamic batch",
          output.name, dims_text(dims), rows);
    dims = dims.subspan(1);
  }
  const std::vector<int64_t> configured = dims_of_model(output);
  if (dims_agree(dims, configured)) return {};
  return invalid_argument("its output '{}' has dims {}, not {} as configured", output.name, dims_text(dims),
                          dims_text(configured));
}

Result<TensorOrder> order_tensors(const ModelConfig& config, const Signature& signature, int64_t rows) {
  TensorOrder order;
  for (const ValueInfo& input : signature.inputs) {
    const auto found = std::ranges::find(config.inputs, input.name, &InputConfig::name);
    if (found == config.inputs.end())
      return invalid_argument("it needs an input '{}', which is not configured", input.name);
    RETURN_IF_ERROR(check_type("input", *found, input));
    order.input_of.push_back(static_cast<size_t>(found - config.inputs.begin()));
  }
  for (const InputConfig& input : config.inputs)
    RETURN_IF_ERROR(find("input", signature.inputs, input.name).status());
  for (const OutputConfig& output : config.outputs) {
    Result<size_t> found = find("output", signature.outputs, torchscript_name(output.name));
    if (!found.ok()) found = find("output", signature.outputs, output.name);
    ASSIGN_OR_RETURN(const size_t index, std::move(found));
    RETURN_IF_ERROR(check_output(config, output, signature.outputs[index], rows));
    order.output_of.push_back(index);
  }
  return order;
}

}  // namespace ridgeline::serve
