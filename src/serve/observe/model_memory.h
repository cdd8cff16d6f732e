#pragma once

#include <algorithm>
#include <cstdint>

namespace ridgeline::serve {

/// Bytes that a model's sessions or instances hold of this machine's memory.
struct ModelMemory {
  uint64_t shared_bytes = 0;  ///< that are there once, however many hold them
  uint64_t own_bytes = 0;

  uint64_t bytes() const { return shared_bytes + own_bytes; }
  /// Both of one model: what one shares is taken to be among what the one that shares most does.
  void merge(const ModelMemory& other) {
    shared_bytes = std::max(shared_bytes, other.shared_bytes);
    own_bytes += other.own_bytes;
  }
  bool operator==(const ModelMemory&) const = default;
};

}  // namespace ridgeline::serve
