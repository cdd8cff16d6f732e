#include "wire/grpc/parameters.h"

#include <algorithm>

namespace ridgeline::wire::grpc {
namespace {

using inference::InferParameter;

/// Of a stream's requests; the front reads it from the message.
constexpr std::string_view kEmptyFinalResponse = "triton_enable_empty_final_response";

Status wrong_type(std::string_view name, std::string_view expected) {
  return invalid_argument("invalid value type for '{}' parameter, expected {}.", name, expected);
}

Status read_sequence_id(const InferParameter& value, Sequence& sequence) {
  if (value.has_int64_param())
    sequence.id = static_cast<uint64_t>(value.int64_param());
  else if (value.has_uint64_param())
    sequence.id = value.uint64_param();
  else if (value.has_string_param())
    sequence.id = value.string_param();
  else
    return wrong_type("sequence_id", "int64_param or string_param");
  return {};
}

Status read_flag(const std::string& name, const InferParameter& value, bool& flag) {
  if (!value.has_bool_param()) return wrong_type(name, "bool_param");
  flag = value.bool_param();
  return {};
}

Status read_priority(const InferParameter& value, uint64_t& priority) {
  if (value.has_uint64_param()) {
    priority = value.uint64_param();
    return {};
  }
  if (!value.has_int64_param()) return wrong_type("priority", "int64_param or uint64_param");
  if (value.int64_param() < 0) return invalid_argument("invalid value for 'priority', expected value >= 0.");
  priority = static_cast<uint64_t>(value.int64_param());
  return {};
}

Status read_timeout(const InferParameter& value, uint64_t& timeout_us) {
  if (!value.has_int64_param()) return wrong_type("timeout", "int64_param");
  timeout_us = static_cast<uint64_t>(std::max<int64_t>(value.int64_param(), 0));
  return {};
}

Result<Parameter> parameter_of(const std::string& name, const InferParameter& value) {
  switch (value.parameter_choice_case()) {
    case InferParameter::kBoolParam:
      return Parameter(value.bool_param());
    case InferParameter::kInt64Param:
      return Parameter(value.int64_param());
    case InferParameter::kStringParam:
      return Parameter(value.string_param());
    case InferParameter::kDoubleParam:
      return Parameter(value.double_param());
    case InferParameter::kUint64Param:
      return Parameter(value.uint64_param());
    default:
      return wrong_type(name, "int64_param, bool_param, or string_param");
  }
}

Status read_parameter(const std::string& name, const InferParameter& value, InferRequest& request) {
  if (name == "sequence_id") return read_sequence_id(value, request.sequence);
  if (name == "sequence_start") return read_flag(name, value, request.sequence.start);
  if (name == "sequence_end") return read_flag(name, value, request.sequence.end);
  if (name == "priority") return read_priority(value, request.priority);
  if (name == "timeout") return read_timeout(value, request.timeout_us);
  if (name.starts_with("triton_") && name != kEmptyFinalResponse)
    return invalid_argument(
        "parameter keys starting with 'triton_' are reserved for Triton usage. Only the following keys "
        "starting with "
        "'triton_' are allowed: {}",
        kEmptyFinalResponse);
  ASSIGN_OR_RETURN(Parameter parameter, parameter_of(name, value));
  request.parameters.emplace_back(name, std::move(parameter));
  return {};
}

/// One of the numbers beside a region's name; none where it is absent.
Result<std::optional<uint64_t>> region_number(const ParameterMap& parameters, const std::string& name,
                                              const std::string& tensor) {
  const auto found = parameters.find(name);
  if (found == parameters.end()) return std::optional<uint64_t>();
  if (!parameters.contains("shared_memory_region"))
    return invalid_argument(
        "'{}' can not be specified without 'shared_memory_region' parameter for tensor '{}'", name, tensor);
  if (!found->second.has_int64_param())
    return invalid_argument("invalid value type for '{}' parameter for tensor '{}', expected int64_param.",
                            name, tensor);
  if (found->second.int64_param() < 0)
    return invalid_argument("invalid value for '{}' parameter for tensor '{}', expected value >= 0.", name,
                            tensor);
  return std::optional(static_cast<uint64_t>(found->second.int64_param()));
}

}  // namespace

Status read_parameters(const inference::ModelInferRequest& message, InferRequest& request) {
  for (const auto& [name, value] : message.parameters())
    RETURN_IF_ERROR(read_parameter(name, value, request));
  std::ranges::sort(request.parameters, {}, &std::pair<std::string, Parameter>::first);  // maps have no order
  return {};
}

Result<std::optional<SharedMemoryRef>> shared_memory_of(const ParameterMap& parameters,
                                                        const std::string& tensor) {
  ASSIGN_OR_RETURN(const std::optional<uint64_t> offset,
                   region_number(parameters, "shared_memory_offset", tensor));
  ASSIGN_OR_RETURN(const std::optional<uint64_t> size,
                   region_number(parameters, "shared_memory_byte_size", tensor));
  const auto region = parameters.find("shared_memory_region");
  if (region == parameters.end()) return std::optional<SharedMemoryRef>();
  if (!region->second.has_string_param())
    return invalid_argument(
        "invalid value type for 'shared_memory_region' parameter for tensor '{}', expected string_param.",
        tensor);
  if (!size)
    return invalid_argument(
        "'shared_memory_byte_size' must be specified along with 'shared_memory_region' parameter for tensor "
        "'{}'",
        tensor);
  return std::optional(SharedMemoryRef{region->second.string_param(), offset.value_or(0), *size});
}

Result<RequestedOutput> output_of(const inference::ModelInferRequest::InferRequestedOutputTensor& message) {
  RequestedOutput output;
  output.name = message.name();
  ASSIGN_OR_RETURN(output.shared_memory, shared_memory_of(message.parameters(), message.name()));
  const auto classes = message.parameters().find("classification");
  if (classes == message.parameters().end()) return output;
  if (!classes->second.has_int64_param()) return wrong_type("classification", "int64_param");
  if (classes->second.int64_param() <= 0)
    return invalid_argument("invalid value for 'classification' parameter, expected >= 0");
  if (output.shared_memory)
    return invalid_argument("output can't set both 'shared_memory_region' and 'classification'");
  output.classification = static_cast<uint64_t>(classes->second.int64_param());
  return output;
}

InferParameter message_of(const Parameter& parameter) {
  InferParameter message;
  if (const auto* flag = std::get_if<bool>(&parameter)) message.set_bool_param(*flag);
  if (const auto* number = std::get_if<int64_t>(&parameter)) message.set_int64_param(*number);
  if (const auto* number = std::get_if<uint64_t>(&parameter)) message.set_uint64_param(*number);
  if (const auto* number = std::get_if<double>(&parameter)) message.set_double_param(*number);
  if (const auto* text = std::get_if<std::string>(&parameter)) message.set_string_param(*text);
  return message;
}

}  // namespace ridgeline::wire::grpc
