#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/status.h"

namespace ridgeline {

/// Bytes that somebody else owns (a mapped file, a buffer) and what keeps them alive.
struct MappedBytes {
  std::span<std::byte> bytes;  ///< of a file: read-only pages
  std::shared_ptr<const void> keep_alive;
};

/// Maps a regular file, which must not shrink while it is mapped. Errors tell the reason but not the path:
/// kNotFound, kInvalidArgument (a directory, a pipe, unreadable) or kOutOfMemory.
Result<MappedBytes> map_file(const std::string& path);

/// Read-only zeros that take no memory, aligned to a page. kOutOfMemory where there are no addresses for
/// them.
Result<MappedBytes> map_zeros(size_t bytes);

}  // namespace ridgeline
