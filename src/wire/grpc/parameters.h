#pragma once

#include <optional>
#include <string>

#include "base/status.h"
#include "grpc_service.pb.h"
#include "wire/infer.h"

/// The parameters of gRPC messages, in Triton's words where they are wrong. For this folder's sources.
namespace ridgeline::wire::grpc {

using ParameterMap = google::protobuf::Map<std::string, inference::InferParameter>;

/// The request's own: those that the protocol reserves into their fields, the others as they are.
Status read_parameters(const inference::ModelInferRequest& message, InferRequest& request);

/// Region, offset and size of an input or output; none where no region is named.
Result<std::optional<SharedMemoryRef>> shared_memory_of(const ParameterMap& parameters,
                                                        const std::string& tensor);

Result<RequestedOutput> output_of(const inference::ModelInferRequest::InferRequestedOutputTensor& message);

inference::InferParameter message_of(const Parameter& parameter);

}  // namespace ridgeline::wire::grpc
