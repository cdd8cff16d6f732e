#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>
#include <memory>
#include <mutex>

#include "serve/core/call.h"
#include "serve/grpc/front.h"

namespace ridgeline::serve::grpc {

/// One ModelInfer. It ends through gRPC's own reactor, whose end needs no other thread, so that cancellation
/// is asked for and not told.
class InferCall final : public Client {
 public:
  /// `context` and `response` live until the call has ended.
  static ::grpc::ServerUnaryReactor* begin(Front& front, ::grpc::CallbackServerContext& context,
                                           const ::grpc::ByteBuffer& request, ::grpc::ByteBuffer& response);

  InferCall(Front& front, ::grpc::CallbackServerContext& context, ::grpc::ByteBuffer& response)
      : front_(front), context_(&context), reactor_(context.DefaultReactor()), response_(&response) {}

  void answer(Result<Answer> answer) override;
  void end() override;
  bool has_gone() const override;

 private:
  Front& front_;
  mutable std::mutex mutex_;
  ::grpc::CallbackServerContext* context_;  ///< null once the call has ended
  ::grpc::ServerUnaryReactor* reactor_;
  ::grpc::ByteBuffer* response_;
  Status status_{ErrorCode::kInternal, "the model gave no answer"};
};

}  // namespace ridgeline::serve::grpc
