#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <grpcpp/server_builder.h>
#include <memory>
#include <thread>

#include "base/status.h"
#include "serve/listen.h"

namespace ridgeline::serve::grpc {

/// Takes connections in gRPC's place and hands them to it: gRPC's own listener is deaf for good once the
/// process has had no descriptor left, and knows no limit. Connections that would take one of the last
/// descriptors are closed at once.
class Acceptor {
 public:
  using Taker = ::grpc::experimental::ExternalConnectionAcceptor;

  /// kUnavailable naming the address when that is taken.
  Status listen(const ListenOptions& options);
  uint16_t port() const { return port_; }
  /// Once, when the server that `taker` belongs to has started.
  void start(std::unique_ptr<Taker> taker);
  /// Before that server is shut down. Connections that the kernel has taken already are handed over: their
  /// clients take them for open.
  void stop();
  ~Acceptor() { stop(); }

 private:
  void accept();
  void accept_later();
  void accept_the_last();
  void hand_over(boost::asio::ip::tcp::socket socket);

  boost::asio::io_context context_{1};
  boost::asio::ip::tcp::acceptor acceptor_{context_};
  boost::asio::steady_timer retry_{context_};
  uint16_t port_ = 0;
  std::unique_ptr<Taker> taker_;
  std::thread thread_;
};

}  // namespace ridgeline::serve::grpc
