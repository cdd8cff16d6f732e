#pragma once

#include <grpcpp/support/byte_buffer.h>

#include "serve/grpc/front.h"

namespace ridgeline::serve::grpc {

struct ReadRequest {
  wire::InferRequest request;
  std::shared_ptr<ReadyModel> model;
  bool wants_empty_final = false;  ///< triton_enable_empty_final_response, which is no parameter for models
};

/// Reads a ModelInferRequest and looks up its model. Errors have the code and the words of Triton; `id` is
/// the request's where it could be read.
Result<ReadRequest> read_request(const Front& front, const ::grpc::ByteBuffer& message, std::string& id);

}  // namespace ridgeline::serve::grpc
