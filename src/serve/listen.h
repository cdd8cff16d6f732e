#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <string>

#include "base/status.h"

namespace ridgeline::serve {

struct ListenOptions {
  std::string address;
  uint16_t port = 0;           ///< 0: any free one
  bool reuse_port = false;     ///< other servers may listen on it too; the kernel shares connections out
  bool both_families = false;  ///< 0.0.0.0 stands for every address of IPv6 too, where there is that
};

/// kUnavailable naming the address when that is taken.
Result<boost::asio::ip::tcp::acceptor> listen(boost::asio::io_context& context, const ListenOptions& options);

}  // namespace ridgeline::serve
