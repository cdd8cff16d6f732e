#pragma once

#include "health.grpc.pb.h"
#include "serve/grpc/front.h"

namespace ridgeline::serve::grpc {

/// grpc.health.v1.Health: whether the server is ready, whatever service is asked for, as Triton answers.
/// Watchers learn of a change within half a second.
class HealthService final : public ::grpc::health::v1::Health::CallbackService {
 public:
  explicit HealthService(Front& front) : front_(front) {}

  ::grpc::ServerUnaryReactor* Check(::grpc::CallbackServerContext* context,
                                    const ::grpc::health::v1::HealthCheckRequest* request,
                                    ::grpc::health::v1::HealthCheckResponse* response) override;
  ::grpc::ServerWriteReactor<::grpc::health::v1::HealthCheckResponse>* Watch(
      ::grpc::CallbackServerContext* context, const ::grpc::health::v1::HealthCheckRequest* request) override;

 private:
  Front& front_;
};

}  // namespace ridgeline::serve::grpc
