#pragma once

#include <cstdint>

#include "base/status.h"
#include "serve/http/message.h"

namespace ridgeline::serve::http {

struct TlsFiles {
  std::string certificate_chain;  ///< PEM
  std::string private_key;        ///< PEM
};

struct Limits {
  size_t header_bytes = size_t{16} << 10;
  size_t body_bytes = size_t{64} << 20;
  size_t connections = 20'000;
  /// A request's header must be whole within this time of its first byte, and so must each further MiB of its
  /// body; an answer must leave at that rate.
  std::chrono::milliseconds stall{10'000};
  std::chrono::milliseconds idle{120'000};  ///< between requests
};

struct ServerOptions {
  std::string address = "0.0.0.0";
  uint16_t port = 8000;     ///< 0: any free one
  bool reuse_port = false;  ///< other servers may listen on it too; the kernel shares connections out
  int threads = 1;
  Limits limits;
  TlsFiles tls;  ///< no certificate: plain HTTP
};

/// HTTP/1.1 with keep-alive, pipelining, chunked requests and 100-continue, over TCP or TLS. Broken requests
/// are answered here: 400, 408, 413, 431, and 503 past the limit of connections.
class Server {
 public:
  /// Listens when it returns. kUnavailable naming the address when that is taken, kInvalidArgument naming the
  /// file for TLS files that can't be read.
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, Handler handler);
  virtual ~Server() = default;  ///< closes every connection at once

  virtual uint16_t port() const = 0;
  /// Takes no more connections, answers what is asked, telling clients that it closes, and closes those that
  /// ask nothing for half a second. False when that took longer than `grace`.
  virtual bool drain(std::chrono::milliseconds grace) = 0;
};

}  // namespace ridgeline::serve::http
