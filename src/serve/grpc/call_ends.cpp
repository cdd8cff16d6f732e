#include "serve/grpc/call_ends.h"

namespace ridgeline::serve::grpc {

void CallEnds::finish(::grpc::ServerUnaryReactor& call, ::grpc::Status status) {
  {
    const std::scoped_lock lock(mutex_);
    if (holding_) {
      held_.emplace_back(&call, std::move(status));
      return;
    }
  }
  call.Finish(std::move(status));
}

void CallEnds::hold() {
  const std::scoped_lock lock(mutex_);
  holding_ = true;
}

void CallEnds::let_go() {
  decltype(held_) held;
  {
    const std::scoped_lock lock(mutex_);
    holding_ = false;
    held = std::exchange(held_, {});
  }
  for (auto& [call, status] : held) call->Finish(std::move(status));
}

}  // namespace ridgeline::serve::grpc
