#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "wire/infer.h"

namespace inference {
class ModelInferRequest;
class ModelInferResponse;
}  // namespace inference

namespace ridgeline::wire::grpc {

/// The request that a ModelInfer message holds. Raw contents are not copied: spans point into the message,
/// which the request keeps alive; typed contents are copied once, into the form that raw ones have.
/// kInvalidArgument, with Triton's words, for reserved parameters of a wrong type, for contents in both
/// forms, of another type than the tensor's, or missing. Whether tensors are as the model wants them is not
/// looked at.
Result<InferRequest> decode(std::shared_ptr<const inference::ModelInferRequest> message);

/// The message of an answer: outputs in raw_output_contents, in order. Copies the tensors.
inference::ModelInferResponse encode(const InferResponse& response);

}  // namespace ridgeline::wire::grpc
