#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "base/status.h"

namespace ridgeline::serve {

/// Memory for answers, used again once the last answer that points into it has been sent: fresh pages cost
/// more than the copy that they would save. Thread-safe: fronts let go of buffers while an instance takes
/// others.
class BufferPool {
 public:
  /// Bytes that start on a cache line, with any values, and what keeps them.
  struct Buffer {
    std::span<std::byte> bytes;
    std::shared_ptr<const void> owner;
  };

  BufferPool();
  /// kOutOfMemory. The buffer may outlive the pool.
  Result<Buffer> take(size_t bytes);

 private:
  class Shelf;
  std::shared_ptr<Shelf> shelf_;
};

}  // namespace ridgeline::serve
