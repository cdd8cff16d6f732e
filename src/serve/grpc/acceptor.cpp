#include "serve/grpc/acceptor.h"

#include "base/descriptors.h"

namespace ridgeline::serve::grpc {
namespace {

using boost::asio::ip::tcp;
using Error = boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptAgain{50};  // when the process has no descriptor left

}  // namespace

Status Acceptor::listen(const ListenOptions& options) {
  ASSIGN_OR_RETURN(acceptor_, serve::listen(context_, options));
  port_ = acceptor_.local_endpoint().port();
  return {};
}

void Acceptor::start(std::unique_ptr<Taker> taker) {
  taker_ = std::move(taker);
  accept();
  thread_ = std::thread([this] { context_.run(); });
}

void Acceptor::stop() {
  context_.stop();
  if (!thread_.joinable()) return;
  thread_.join();
  accept_the_last();
  Error ignored;
  acceptor_.close(ignored);
}

void Acceptor::accept_the_last() {
  Error error;
  acceptor_.non_blocking(true, error);
  while (!error) {
    tcp::socket socket(context_);
    acceptor_.accept(socket, error);
    if (!error && !is_among_the_last(socket.native_handle())) hand_over(std::move(socket));
  }
}

void Acceptor::accept() {
  acceptor_.async_accept([this](const Error& error, tcp::socket socket) {
    if (error) return accept_later();
    if (!is_among_the_last(socket.native_handle())) hand_over(std::move(socket));
    accept();
  });
}

void Acceptor::accept_later() {
  retry_.expires_after(kAcceptAgain);
  retry_.async_wait([this](const Error& error) {
    if (!error) accept();
  });
}

/// gRPC owns the descriptor from here on, and closes it whatever happens.
void Acceptor::hand_over(tcp::socket socket) {
  Error ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.non_blocking(true, ignored);
  Taker::NewConnectionParameters connection;
  connection.listener_fd = acceptor_.native_handle();
  connection.fd = socket.release(ignored);
  taker_->HandleNewConnection(&connection);
}

}  // namespace ridgeline::serve::grpc
