#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/descriptor.h"
#include "base/status.h"

namespace ridgeline::serve {

/// A message between this process and a child: sixteen bytes of head (u32 bytes of the body, u32 kind, u64
/// tag, little-endian), then the body. Tensors lie in an Arena; only their places are in a body.
struct Frame {
  uint32_t kind = 0;
  uint64_t tag = 0;
  std::vector<std::byte> body;  ///< our own copy: what was checked in it stays as it was
};

inline constexpr uint32_t kMostFrameBytes = 64u << 20;

/// One end of a stream of frames. send() and receive() may each be called by one thread at a time. An error
/// of either means that the stream is of no use any more.
class FrameSocket {
 public:
  FrameSocket() = default;
  explicit FrameSocket(Descriptor socket) : socket_(std::move(socket)) {}

  /// Two ends; the second is for a child.
  static Result<std::pair<FrameSocket, Descriptor>> pair();

  int descriptor() const { return socket_.get(); }

  /// Blocks while the other side does not read. kUnavailable when it is gone.
  Status send(uint32_t kind, uint64_t tag, std::span<const std::byte> body);
  /// Blocks. kUnavailable when the other side is gone or shut_down() was called, kInvalidArgument for what
  /// is no frame.
  Result<Frame> receive();
  /// A frame that is whole already, or none: never blocks. For whoever waits for many things at a time.
  Result<std::optional<Frame>> poll();
  /// Ends what blocks, from any thread, and all that follows.
  void shut_down();

 private:
  /// The first frame of what was read.
  Result<std::optional<Frame>> take();
  /// Reads once; false when there was nothing to read and `flags` say not to wait.
  Result<bool> read_more(int flags);

  Descriptor socket_;
  std::vector<std::byte> unread_;
};

}  // namespace ridgeline::serve
