#include "serve/grpc/health.h"

#include <grpcpp/alarm.h>
#include <optional>

#include "serve/grpc/status.h"

namespace ridgeline::serve::grpc {
namespace {

using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;

constexpr std::chrono::milliseconds kBetweenLooks{500};

HealthCheckResponse::ServingStatus health_of(const Service& service) {
  return service.ready() ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

/// One Watch. Either a write goes on, or the alarm is set, or it has finished. Holds itself until gRPC is
/// done with it.
class Watcher final : public ::grpc::ServerWriteReactor<HealthCheckResponse>, public LongCall {
 public:
  static ::grpc::ServerWriteReactor<HealthCheckResponse>* begin(
      Front& front, const ::grpc::CallbackServerContext& context) {
    const auto watcher = std::make_shared<Watcher>(front);
    watcher->self_ = watcher;
    const Status permitted = permit(front, context, "health");
    if (!permitted.ok()) {
      watcher->Finish(status_of(permitted));
      return watcher.get();
    }
    watcher->look();
    front.long_calls.add(watcher);
    return watcher.get();
  }

  explicit Watcher(Front& front) : front_(front) {}

  void OnWriteDone(bool ok) override {
    if (ok) {
      wait();
    } else {
      Finish(::grpc::Status::OK);
    }
  }
  void OnCancel() override { end_soon(); }
  void end_soon() override {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
    alarm_.Cancel();
  }
  void OnDone() override {
    front_.long_calls.remove(this);
    self_.reset();
  }

 private:
  void look() {
    const auto now = health_of(front_.service);
    if (now == told_) {
      wait();
      return;
    }
    told_ = now;
    message_.set_status(now);
    StartWrite(&message_);
  }

  void wait() {
    const std::scoped_lock lock(mutex_);
    if (ending_) {
      Finish(status_of(unavailable("the server is shutting down")));
      return;
    }
    alarm_.Set(std::chrono::system_clock::now() + kBetweenLooks, [this](bool) {
      const std::shared_ptr<Watcher> alive = self_;  // finishing lets go of it
      look();
    });
  }

  Front& front_;
  std::shared_ptr<Watcher> self_;
  HealthCheckResponse message_;
  std::optional<HealthCheckResponse::ServingStatus> told_;
  std::mutex mutex_;  ///< of the two below
  bool ending_ = false;
  ::grpc::Alarm alarm_;
};

}  // namespace

::grpc::ServerUnaryReactor* HealthService::Check(::grpc::CallbackServerContext* context,
                                                 const HealthCheckRequest* /*request*/,
                                                 HealthCheckResponse* response) {
  ::grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const Status permitted = permit(front_, *context, "health");
  response->set_status(health_of(front_.service));
  front_.call_ends.finish(*reactor, status_of(permitted));
  return reactor;
}

::grpc::ServerWriteReactor<HealthCheckResponse>* HealthService::Watch(::grpc::CallbackServerContext* context,
                                                                      const HealthCheckRequest* /*request*/) {
  return Watcher::begin(front_, *context);
}

}  // namespace ridgeline::serve::grpc
