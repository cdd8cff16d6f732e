#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "serve/access.h"
#include "serve/core/service.h"
#include "serve/identity.h"

namespace ridgeline::serve::grpc {

/// PEM files, read again when they change.
struct TlsFiles {
  std::string certificate_chain;  ///< empty: no TLS
  std::string private_key;
  std::string client_roots;  ///< not empty: clients must show a certificate that one of these has signed
};

/// How connections are kept alive, and when pings are taken for abuse; Triton's defaults.
struct Keepalive {
  std::chrono::milliseconds time{7'200'000};  ///< of silence before the server pings
  std::chrono::milliseconds timeout{20'000};  ///< for the answer to that ping
  bool permit_without_calls = false;
  int max_pings_without_data = 2;
  std::chrono::milliseconds min_ping_interval_without_data{300'000};
  int max_ping_strikes = 2;                               ///< bad pings before the connection is closed
  std::chrono::milliseconds max_connection_age{0};        ///< 0: no end
  std::chrono::milliseconds max_connection_age_grace{0};  ///< 0: calls that go on may end in their time
};

/// How hard answers are compressed, for clients that take compressed ones.
enum class CompressionLevel : uint8_t { kNone, kLow, kMedium, kHigh };

struct ServerOptions {
  std::string address = "0.0.0.0";
  uint16_t port = 8001;  ///< 0: any free one
  bool reuse_port = false;
  size_t message_bytes = size_t{64} << 20;  ///< of one request
  /// Of all connections and what was received of requests: past it, the call that takes most is ended with
  /// RESOURCE_EXHAUSTED.
  size_t all_bytes = size_t{1} << 30;
  Keepalive keepalive;
  CompressionLevel compression = CompressionLevel::kNone;
  TlsFiles tls;
  AccessRules access;  ///< a rule's header is asked for as "triton-grpc-protocol-HEADER"
  Identity identity;
};

/// The KServe v2 protocol with Triton's extensions over gRPC, the health service of gRPC, and reflection.
/// Threads are gRPC's own, as many as half the cores and at least two.
class Server {
 public:
  /// Listens when it returns. kUnavailable naming the address when that is taken, kInvalidArgument naming the
  /// file for TLS files that can't be read. `service` outlives the server.
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, Service& service);
  virtual ~Server() = default;  ///< ends every call at once

  virtual uint16_t port() const = 0;
  /// Takes no more calls, answers those it has, and ends streams that wait for nothing. False when that took
  /// longer than `grace`; calls are cancelled then.
  virtual bool drain(std::chrono::milliseconds grace) = 0;
};

}  // namespace ridgeline::serve::grpc
