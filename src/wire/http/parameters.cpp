#include "wire/http/parameters.h"

#include "wire/http/json_field.h"

namespace ridgeline::wire::http {
namespace {

Status read_sequence_id(const JsonValue& value, Sequence& sequence) {
  if (value.is(JsonValue::Kind::kNatural)) {
    sequence.id = value.natural();
    return {};
  }
  ASSIGN_OR_RETURN(const std::string_view id, JsonField{"sequence_id"}.text(value));
  sequence.id = std::string(id);
  return {};
}

/// False: the name is not reserved.
Result<bool> read_reserved(std::string_view name, const JsonValue& value, InferRequest& request) {
  const JsonField field{name};
  if (name == "sequence_id") {
    RETURN_IF_ERROR(read_sequence_id(value, request.sequence));
  } else if (name == "sequence_start") {
    ASSIGN_OR_RETURN(request.sequence.start, field.boolean(value));
  } else if (name == "sequence_end") {
    ASSIGN_OR_RETURN(request.sequence.end, field.boolean(value));
  } else if (name == "priority") {
    ASSIGN_OR_RETURN(request.priority, field.natural(value));
  } else if (name == "timeout") {
    ASSIGN_OR_RETURN(request.timeout_us, field.natural(value));
  } else if (name == "binary_data_output") {
    ASSIGN_OR_RETURN(request.binary_output, field.boolean(value));
  } else if (name.starts_with("triton_")) {
    return invalid_argument(
        "parameter keys starting with 'triton_' are reserved for Triton usage and should not be specified.");
  } else {
    return false;
  }
  return true;
}

}  // namespace

Result<Parameter> parameter_of(std::string_view name, const JsonValue& value) {
  if (value.is(JsonValue::Kind::kText)) return Parameter(std::string(value.text()));
  if (value.is_integer()) return Parameter(value.integer());
  if (value.is(JsonValue::Kind::kBoolean)) return Parameter(value.boolean());
  if (value.is(JsonValue::Kind::kNatural)) return Parameter(static_cast<double>(value.natural()));
  if (value.is(JsonValue::Kind::kReal)) return Parameter(value.real());
  return invalid_argument("parameter '{}' has invalid type. It should be either 'int', 'bool', or 'string'.",
                          name);
}

Status read_parameters(const JsonValue& root, InferRequest& request) {
  const JsonValue* parameters = member(root, "parameters");
  if (parameters == nullptr) return {};
  if (!parameters->is(JsonValue::Kind::kObject))
    return internal_error("failed to get request params.: attempt to get members for non-object");
  for (const auto& [name, value] : parameters->members()) {
    ASSIGN_OR_RETURN(const bool reserved, read_reserved(name, value, request));
    if (reserved) continue;
    ASSIGN_OR_RETURN(Parameter parameter, parameter_of(name, value));
    request.parameters.emplace_back(name, std::move(parameter));
  }
  return {};
}

Status read_shared_memory(const JsonValue& parameters, std::optional<SharedMemoryRef>& out) {
  const JsonValue* region = member(parameters, "shared_memory_region");
  if (region == nullptr) return {};
  SharedMemoryRef memory;
  ASSIGN_OR_RETURN(memory.region, JsonField{"shared_memory_region"}.text(*region));
  if (const JsonValue* offset = member(parameters, "shared_memory_offset")) {
    ASSIGN_OR_RETURN(memory.offset, JsonField{"shared_memory_offset"}.natural(*offset));
  }
  if (const JsonValue* size = member(parameters, "shared_memory_byte_size")) {
    ASSIGN_OR_RETURN(memory.byte_size, JsonField{"shared_memory_byte_size"}.natural(*size));
  }
  out = std::move(memory);
  return {};
}

Status check_output_parameters(const JsonValue& parameters) {
  if (member(parameters, "shared_memory_region") == nullptr) return {};
  if (member(parameters, "classification") != nullptr)
    return invalid_argument("Output can't set both 'shared_memory_region' and 'classification'");
  const JsonValue* json = member(parameters, "binary_data");
  if (json == nullptr) return {};
  ASSIGN_OR_RETURN(const bool binary, (JsonField{"binary_data", "set"}.boolean(*json)));
  if (binary) return invalid_argument("Output can't set both 'shared_memory_region' and 'binary_data'");
  return {};
}

Status read_output_parameters(const JsonValue& parameters, RequestedOutput& output) {
  if (const JsonValue* classes = member(parameters, "classification")) {
    ASSIGN_OR_RETURN(output.classification, (JsonField{"classification", "set"}.natural(*classes)));
  }
  RETURN_IF_ERROR(read_shared_memory(parameters, output.shared_memory));
  if (const JsonValue* binary = member(parameters, "binary_data")) {
    ASSIGN_OR_RETURN(output.binary, JsonField{"binary_data"}.boolean(*binary));
  }
  return {};
}

}  // namespace ridgeline::wire::http
