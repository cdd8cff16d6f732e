#include "serve/listen.h"

#include <boost/asio/ip/v6_only.hpp>
#include <sys/socket.h>

namespace ridgeline::serve {
namespace {

using boost::asio::ip::tcp;
using Error = boost::system::error_code;

tcp::acceptor open(boost::asio::io_context& context, const tcp::endpoint& endpoint,
                   const ListenOptions& options, Error& error) {
  tcp::acceptor acceptor(context);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && endpoint.protocol() == tcp::v6())
    acceptor.set_option(boost::asio::ip::v6_only(!options.both_families), error);
  constexpr int kYes = 1;
  if (!error && options.reuse_port &&
      setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &kYes, sizeof kYes) != 0)
    error.assign(errno, boost::system::system_category());
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  return acceptor;
}

}  // namespace

Result<tcp::acceptor> listen(boost::asio::io_context& context, const ListenOptions& options) {
  const auto failed = [&](const Error& error) {
    return unavailable("cannot listen on {}:{}: {}; name another address or port", options.address,
                       options.port, error.message());
  };
  Error error;
  if (options.both_families && options.address == "0.0.0.0") {
    tcp::acceptor acceptor = open(context, {tcp::v6(), options.port}, options, error);
    if (!error) return acceptor;
    error.clear();  // this machine may have no IPv6
  }
  tcp::resolver resolver(context);
  const auto found =
      resolver.resolve(options.address, std::to_string(options.port), tcp::resolver::passive, error);
  if (error) return failed(error);
  tcp::acceptor acceptor = open(context, found.begin()->endpoint(), options, error);
  if (error) return failed(error);
  return acceptor;
}

}  // namespace ridgeline::serve
