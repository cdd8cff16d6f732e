#include "serve/grpc/long_calls.h"

#include <utility>

namespace ridgeline::serve::grpc {

void LongCalls::add(const std::shared_ptr<LongCall>& call) {
  {
    const std::scoped_lock lock(mutex_);
    calls_.emplace(call.get(), call);
    if (!ending_) return;
  }
  call->end_soon();
}

void LongCalls::remove(const LongCall* call) {
  const std::scoped_lock lock(mutex_);
  calls_.erase(call);
}

void LongCalls::end_all() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  end_present();
}

void LongCalls::end_present() {
  decltype(calls_) calls;
  {
    const std::scoped_lock lock(mutex_);
    calls = calls_;
  }
  for (const auto& [address, weak] : calls)
    if (const auto call = weak.lock()) call->end_soon();
}

}  // namespace ridgeline::serve::grpc
