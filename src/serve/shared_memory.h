#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "wire/infer.h"

namespace ridgeline::serve {

/// A client's POSIX shared-memory object, as it asked to use it.
struct SharedMemoryRegion {
  std::string name;
  std::string key;  ///< of shm_open()
  uint64_t offset = 0;
  uint64_t byte_size = 0;
};

/// Bytes of a region, and what keeps them mapped after the region is unregistered.
struct MappedBytes {
  std::shared_ptr<const void> owner;
  std::span<std::byte> bytes;
};

/// The regions that clients have registered. Errors carry Triton's words. Thread-safe.
class SharedMemory {
 public:
  /// `open`: clients may register regions.
  explicit SharedMemory(bool open) : open_(open) {}

  /// Maps the region. kUnsupported where clients may not; kAlreadyExists for a name in use; kInternal, as
  /// Triton says it, for a key that can't be opened and for a region past the object's end; kInvalidArgument
  /// for an empty region.
  Status add(const SharedMemoryRegion& region);
  /// Fine for a name that is not registered.
  void remove(const std::string& name);
  void remove_all();
  /// All, or the one of that name (kNotFound), by name.
  Result<std::vector<SharedMemoryRegion>> list(const std::string& name = "") const;

  /// kNotFound for an unknown region, kInvalidArgument for bytes outside of it, or of the object as it is
  /// now. What a client cuts off while the bytes are in use reads as zeros, and its region is of no more use
  /// until it is registered again.
  Result<MappedBytes> resolve(const wire::SharedMemoryRef& reference) const;

 private:
  class Mapping;
  struct Registered {
    SharedMemoryRegion region;
    std::shared_ptr<const Mapping> mapping;
  };

  const bool open_;
  mutable std::mutex mutex_;
  std::map<std::string, Registered> regions_;
};

}  // namespace ridgeline::serve
