#pragma once

#include <string>

#include "base/status.h"
#include "wire/http/infer_request.h"

/// The generate extension: a plain JSON object in, another out.
namespace ridgeline::wire::http {

/// Members of the object, and of its member "parameters", that are named like an input of the model become
/// that input: a value one element, a list as many as it has; the first unknown dimension from the back takes
/// them, the others become 1. Other members become parameters, "id" the request's.
Result<InferRequest> decode_generate_request(const InferBody& body, const ModelSignature& signature,
                                             const RequestLimits& limits);

/// {"OUTPUT": [elements] or the only element, …, parameters, "id", "model_name", "model_version"}.
Result<std::string> encode_generate_response(const InferResponse& response);

/// The event that carries `json` in a stream of answers (text/event-stream).
std::string server_sent_event(std::string_view json);

}  // namespace ridgeline::wire::http
