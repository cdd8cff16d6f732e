#pragma once

#include <atomic>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>
#include <memory>

#include "serve/core/call.h"
#include "serve/grpc/front.h"

namespace ridgeline::serve::grpc {

/// One ModelInfer: holds itself until gRPC is done with it; the service may hold it longer.
class InferCall final : public ::grpc::ServerUnaryReactor, public Client {
 public:
  /// `response` lives until the call is done.
  static ::grpc::ServerUnaryReactor* begin(Front& front, const ::grpc::CallbackServerContext& context,
                                           const ::grpc::ByteBuffer& request, ::grpc::ByteBuffer& response);

  explicit InferCall(::grpc::ByteBuffer& response) : response_(&response) {}

  void answer(Result<Answer> answer) override;
  void end() override;
  bool has_gone() const override { return gone_.load(std::memory_order_relaxed); }

  void OnCancel() override { gone_.store(true, std::memory_order_relaxed); }
  void OnDone() override { self_.reset(); }

 private:
  void run(Front& front, const ::grpc::CallbackServerContext& context, const ::grpc::ByteBuffer& request);

  ::grpc::ByteBuffer* response_;
  std::shared_ptr<InferCall> self_;
  std::atomic<bool> gone_{false};
  Status status_{ErrorCode::kInternal, "the model gave no answer"};
};

}  // namespace ridgeline::serve::grpc
