#pragma once

#include <span>
#include <string_view>

#include "reflection.grpc.pb.h"
#include "serve/grpc/front.h"

namespace ridgeline::serve::grpc {

/// What the server answers to one question about `services` and the messages that are built in.
::grpc::reflection::v1alpha::ServerReflectionResponse reflect(
    const ::grpc::reflection::v1alpha::ServerReflectionRequest& request,
    std::span<const std::string_view> services);

/// grpc.reflection.v1alpha.ServerReflection. gRPC's own needs threads that wait, which would share the
/// connections' polling with those that serve.
class ReflectionService final : public ::grpc::reflection::v1alpha::ServerReflection::CallbackService {
 public:
  explicit ReflectionService(Front& front) : front_(front) {}

  ::grpc::ServerBidiReactor<::grpc::reflection::v1alpha::ServerReflectionRequest,
                            ::grpc::reflection::v1alpha::ServerReflectionResponse>*
  ServerReflectionInfo(::grpc::CallbackServerContext* context) override;

 private:
  Front& front_;
};

}  // namespace ridgeline::serve::grpc
