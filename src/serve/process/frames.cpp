#include "serve/process/frames.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/uio.h>

namespace ridgeline::serve {
namespace {

struct Head {
  uint32_t bytes = 0;
  uint32_t kind = 0;
  uint64_t tag = 0;
};
static_assert(sizeof(Head) == 16);

constexpr size_t kReadBytes = 16 << 10;

Status gone() { return unavailable("the process is gone"); }

}  // namespace

Result<std::pair<FrameSocket, Descriptor>> FrameSocket::pair() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return unavailable("cannot talk to a process: {}", std::strerror(errno));
  return std::pair(FrameSocket(Descriptor(ends[0])), Descriptor(ends[1]));
}

Status FrameSocket::send(uint32_t kind, uint64_t tag, std::span<const std::byte> body) {
  if (body.size() > kMostFrameBytes)
    return invalid_argument("a message of {} bytes is more than {}", body.size(), kMostFrameBytes);
  Head head{static_cast<uint32_t>(body.size()), kind, tag};
  std::array<iovec, 2> parts{{{&head, sizeof head}, {const_cast<std::byte*>(body.data()), body.size()}}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  size_t left = sizeof head + body.size();
  while (left > 0) {
    const ssize_t count = sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return gone();
    left -= static_cast<size_t>(count);
    auto sent = static_cast<size_t>(count);
    for (iovec& part : parts) {
      const size_t of_this = std::min(sent, part.iov_len);
      part.iov_base = static_cast<std::byte*>(part.iov_base) + of_this;
      part.iov_len -= of_this;
      sent -= of_this;
    }
  }
  return {};
}

Result<std::optional<Frame>> FrameSocket::take() {
  Head head;
  if (unread_.size() < sizeof head) return std::optional<Frame>();
  std::memcpy(&head, unread_.data(), sizeof head);
  if (head.bytes > kMostFrameBytes)
    return invalid_argument("a message of {} bytes is more than {}", head.bytes, kMostFrameBytes);
  const size_t whole = sizeof head + head.bytes;
  if (unread_.size() < whole) return std::optional<Frame>();
  const auto begin = unread_.begin();
  Frame frame{head.kind, head.tag, {begin + sizeof head, begin + static_cast<ptrdiff_t>(whole)}};
  unread_.erase(begin, begin + static_cast<ptrdiff_t>(whole));
  return std::optional(std::move(frame));
}

Result<bool> FrameSocket::read_more(int flags) {
  std::byte buffer[kReadBytes];  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by recv()
  ssize_t count = 0;
  do count = recv(socket_.get(), buffer, sizeof buffer, flags);
  while (count < 0 && errno == EINTR);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
  if (count <= 0) return gone();
  unread_.insert(unread_.end(), buffer, buffer + count);
  return true;
}

Result<Frame> FrameSocket::receive() {
  for (;;) {
    ASSIGN_OR_RETURN(std::optional<Frame> frame, take());
    if (frame) return std::move(*frame);
    ASSIGN_OR_RETURN([[maybe_unused]] const bool read, read_more(0));
  }
}

Result<std::optional<Frame>> FrameSocket::poll() {
  for (;;) {
    ASSIGN_OR_RETURN(std::optional<Frame> frame, take());
    if (frame) return frame;
    ASSIGN_OR_RETURN(const bool read, read_more(MSG_DONTWAIT));
    if (!read) return std::optional<Frame>();
  }
}

void FrameSocket::shut_down() { shutdown(socket_.get(), SHUT_RDWR); }

}  // namespace ridgeline::serve
