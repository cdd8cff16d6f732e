#include "serve/grpc/infer_call.h"

#include "serve/grpc/buffers.h"
#include "serve/grpc/infer_request.h"
#include "serve/grpc/status.h"

namespace ridgeline::serve::grpc {
namespace {

Result<wire::InferRequest> read(const Front& front, const ::grpc::CallbackServerContext& context,
                                const ::grpc::ByteBuffer& message) {
  RETURN_IF_ERROR(permit(front, context, "inference"));
  std::string id;
  ASSIGN_OR_RETURN(ReadRequest read, read_request(front, message, id));
  if (read.decoupled)
    return unsupported("ModelInfer RPC doesn't support models with decoupled transaction policy");
  return std::move(read.request);
}

}  // namespace

::grpc::ServerUnaryReactor* InferCall::begin(Front& front, const ::grpc::CallbackServerContext& context,
                                             const ::grpc::ByteBuffer& request,
                                             ::grpc::ByteBuffer& response) {
  const auto call = std::make_shared<InferCall>(response);
  call->self_ = call;
  call->run(front, context, request);
  return call.get();
}

void InferCall::run(Front& front, const ::grpc::CallbackServerContext& context,
                    const ::grpc::ByteBuffer& request) {
  const TimePoint received = std::chrono::steady_clock::now();
  Result<wire::InferRequest> read_request = read(front, context, request);
  if (!read_request.ok()) {
    Finish(status_of(read_request.status()));
    return;
  }
  front.service.infer({.request = *std::move(read_request), .client = self_, .received = received});
}

void InferCall::answer(Result<Answer> answer) {
  status_ = answer.status();
  if (answer.ok())
    *response_ = buffer_of(wire::grpc::encode(answer->response), std::move(answer->keep_alive));
}

void InferCall::end() { Finish(status_of(status_)); }

}  // namespace ridgeline::serve::grpc
