#include "serve/grpc/infer_call.h"

#include "serve/grpc/buffers.h"
#include "serve/grpc/infer_request.h"
#include "serve/grpc/status.h"

namespace ridgeline::serve::grpc {
namespace {

Result<ReadRequest> read(const Front& front, const ::grpc::CallbackServerContext& context,
                         const ::grpc::ByteBuffer& message) {
  RETURN_IF_ERROR(permit(front, context, "inference"));
  std::string id;
  ASSIGN_OR_RETURN(ReadRequest read, read_request(front, message, id));
  if (read.model->decoupled())
    return unsupported("ModelInfer RPC doesn't support models with decoupled transaction policy");
  return read;
}

}  // namespace

::grpc::ServerUnaryReactor* InferCall::begin(Front& front, ::grpc::CallbackServerContext& context,
                                             const ::grpc::ByteBuffer& request,
                                             ::grpc::ByteBuffer& response) {
  const TimePoint received = std::chrono::steady_clock::now();
  ::grpc::ServerUnaryReactor* const reactor = context.DefaultReactor();
  Result<ReadRequest> read_request = read(front, context, request);
  if (!read_request.ok()) {
    front.call_ends.finish(*reactor, status_of(read_request.status()));
    return reactor;
  }
  read_request->model->infer({.request = std::move(read_request->request),
                              .client = std::make_shared<InferCall>(front, context, response),
                              .received = received,
                              .trace = trace_of(context)});
  return reactor;
}

void InferCall::answer(Result<Answer> answer) {
  status_ = answer.status();
  if (answer.ok())
    *response_ = buffer_of(wire::grpc::encode(answer->response), std::move(answer->keep_alive));
}

void InferCall::end() {
  {
    const std::scoped_lock lock(mutex_);
    context_ = nullptr;
  }
  front_.call_ends.finish(*reactor_, status_of(status_));
}

bool InferCall::has_gone() const {
  const std::scoped_lock lock(mutex_);
  return context_ != nullptr && context_->IsCancelled();
}

}  // namespace ridgeline::serve::grpc
