#pragma once

#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace ridgeline::serve {

/// A TCP connection to 127.0.0.1 that sends and reads bytes as they are. Reads give up after five seconds.
class RawClient {
 public:
  explicit RawClient(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval patience{.tv_sec = 5, .tv_usec = 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_connected_ = connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool is_connected() const { return is_connected_; }

  /// False when the server no longer reads.
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  /// Up to and with `mark`; what has come so far when the connection ends before.
  std::string read_until(std::string_view mark) {
    size_t at = buffer_.find(mark);
    while (at == std::string::npos && receive()) at = buffer_.find(mark);
    return take(at == std::string::npos ? buffer_.size() : at + mark.size());
  }

  std::string read_bytes(size_t count) {
    while (buffer_.size() < count && receive()) continue;
    return take(std::min(count, buffer_.size()));
  }

  /// A response's header and body, which Content-Length measures.
  std::string read_response() {
    std::string header = read_until("\r\n\r\n");
    constexpr std::string_view kLength = "Content-Length: ";
    const size_t at = header.find(kLength);
    if (at == std::string::npos) return header;
    return header + read_bytes(std::stoul(header.substr(at + kLength.size())));
  }

  /// True when the server has closed the connection and nothing more comes.
  bool is_at_end() { return buffer_.empty() && !receive() && errno != EAGAIN; }

 private:
  bool receive() {
    std::array<char, 4096> chunk{};
    errno = 0;
    const ssize_t count = ::recv(socket_, chunk.data(), chunk.size(), 0);
    if (count <= 0) return false;
    buffer_.append(chunk.data(), static_cast<size_t>(count));
    return true;
  }

  std::string take(size_t count) {
    std::string taken = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return taken;
  }

  int socket_;
  bool is_connected_ = false;
  std::string buffer_;
};

}  // namespace ridgeline::serve
