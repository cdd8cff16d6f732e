#pragma once

#include <optional>

#include "base/status.h"
#include "wire/http/json.h"
#include "wire/infer.h"

/// The "parameters" objects of an inference request, in Triton's words where they are wrong.
namespace ridgeline::wire::http {

/// A parameter that the protocol does not reserve. kInvalidArgument for a list, an object and null.
Result<Parameter> parameter_of(std::string_view name, const JsonValue& value);

/// The request's own parameters: those that the protocol reserves into their fields, the others as they are.
Status read_parameters(const JsonValue& root, InferRequest& request);

/// Region, offset and size out of the parameters of an input or output; nothing when they name no region.
Status read_shared_memory(const JsonValue& parameters, std::optional<SharedMemoryRef>& out);

/// Refuses parameters of an output that exclude one another.
Status check_output_parameters(const JsonValue& parameters);
Status read_output_parameters(const JsonValue& parameters, RequestedOutput& output);

}  // namespace ridgeline::wire::http
