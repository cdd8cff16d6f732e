#include "serve/grpc/server.h"

#include <algorithm>
#include <array>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <limits>
#include <thread>

#include "serve/grpc/acceptor.h"
#include "serve/grpc/credentials.h"
#include "serve/grpc/goodbye.h"
#include "serve/grpc/health.h"
#include "serve/grpc/inference_service.h"
#include "serve/grpc/reflection.h"

namespace ridgeline::serve::grpc {
namespace {

/// A connection's share: clients wait before they open more streams.
constexpr int kMostStreams = 4096;
constexpr int kHandshakeMs = 10'000;
/// A client that has its answer sends its next call within this time, network and all; calls that are on
/// their way when clients are told of the end would be cancelled.
constexpr std::chrono::milliseconds kLongestOnTheWay{250};

int in_int(std::chrono::milliseconds time) {
  return static_cast<int>(std::clamp<int64_t>(time.count(), 0, std::numeric_limits<int>::max()));
}

void set_connection_arguments(const ServerOptions& options, ::grpc::ServerBuilder& builder) {
  const Keepalive& keepalive = options.keepalive;
  const auto set = [&builder](const char* name, int value) { builder.AddChannelArgument(name, value); };
  set(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMostStreams);
  set(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMs);
  set(GRPC_ARG_KEEPALIVE_TIME_MS, in_int(keepalive.time));
  set(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, in_int(keepalive.timeout));
  set(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, keepalive.permit_without_calls ? 1 : 0);
  set(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, keepalive.max_pings_without_data);
  set(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
      in_int(keepalive.min_ping_interval_without_data));
  set(GRPC_ARG_HTTP2_MAX_PING_STRIKES, keepalive.max_ping_strikes);
  if (keepalive.max_connection_age.count() > 0)
    set(GRPC_ARG_MAX_CONNECTION_AGE_MS, in_int(keepalive.max_connection_age));
  if (keepalive.max_connection_age_grace.count() > 0)
    set(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, in_int(keepalive.max_connection_age_grace));
}

void set_messages(const ServerOptions& options, ::grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(
      static_cast<int>(std::min<size_t>(options.message_bytes, std::numeric_limits<int>::max())));
  builder.SetMaxSendMessageSize(-1);
  // A message is held until it is whole, and only then is its size looked at: without a quota a client could
  // fill the memory with one.
  builder.SetResourceQuota(::grpc::ResourceQuota("requests").Resize(options.all_bytes));
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);  // see bytes_of()
  constexpr std::array kLevels = {GRPC_COMPRESS_LEVEL_NONE, GRPC_COMPRESS_LEVEL_LOW, GRPC_COMPRESS_LEVEL_MED,
                                  GRPC_COMPRESS_LEVEL_HIGH};
  if (options.compression != CompressionLevel::kNone)
    builder.SetDefaultCompressionLevel(kLevels[static_cast<size_t>(options.compression)]);
}

class GrpcServer final : public Server {
 public:
  GrpcServer(const ServerOptions& options, Service& service)
      : front_{.options = options, .service = service, .long_calls = {}, .call_ends = {}} {}

  ~GrpcServer() override {
    if (server_) drain(std::chrono::milliseconds(0));
  }

  Status listen() {
    ASSIGN_OR_RETURN(const auto credentials, credentials_of(front_.options.tls));
    RETURN_IF_ERROR(acceptor_.listen({.address = front_.options.address,
                                      .port = front_.options.port,
                                      .reuse_port = front_.options.reuse_port,
                                      .both_families = true}));
    ::grpc::ServerBuilder builder;
    set_connection_arguments(front_.options, builder);
    set_messages(front_.options, builder);
    auto taker = builder.experimental().AddExternalConnectionAcceptor(
        ::grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, credentials);
    builder.RegisterService(&inference_);
    builder.RegisterService(&health_);
    builder.RegisterService(&reflection_);
    server_ = builder.BuildAndStart();
    if (!server_) return internal_error("gRPC did not start; its reason stands above");
    acceptor_.start(std::move(taker));
    return {};
  }

  uint16_t port() const override { return acceptor_.port(); }

  bool drain(std::chrono::milliseconds grace) override {
    const auto end = std::chrono::system_clock::now() + grace;
    front_.call_ends.hold();
    front_.long_calls.end_present();  // now: with its last call over, a connection that was told is closed
    std::this_thread::sleep_for(std::min(kLongestOnTheWay, grace / 4));
    acceptor_.stop();
    const Goodbye goodbye(*server_);
    front_.call_ends.let_go();
    front_.long_calls.end_all();
    server_->Shutdown(end);
    return std::chrono::system_clock::now() < end;
  }

 private:
  Front front_;
  InferenceService inference_{front_};
  HealthService health_{front_};
  ReflectionService reflection_{front_};
  std::unique_ptr<::grpc::Server> server_;
  Acceptor acceptor_;  ///< stopped before the server goes
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, Service& service) {
  auto server = std::make_unique<GrpcServer>(options, service);
  RETURN_IF_ERROR(server->listen());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace ridgeline::serve::grpc
