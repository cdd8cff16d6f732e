#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/descriptor.h"
#include "base/status.h"

/// Memory that this process shares with one child. In each arena one side owns: it alone says where blocks
/// lie. A block begins with kBlockHead bytes, whose first 32-bit word is 1 while the block is in use and 2
/// once the other side has looked at it; the other side frees the block by writing 0 there. So memory comes
/// back without a message, whoever is busy.
namespace ridgeline::serve {

inline constexpr uint64_t kBlockHead = 64;  ///< keeps tensors on cache lines of their own
inline constexpr uint64_t kBlockAlignment = 64;

/// The mapping. It has its whole size from the start, but pages are taken only as they are touched, and the
/// child can make it neither smaller nor larger: what is inside stays readable whatever a child does.
class Arena {
 public:
  static Result<std::shared_ptr<Arena>> create(uint64_t bytes);
  /// In the child: the one that it was given.
  static Result<std::shared_ptr<Arena>> open(Descriptor descriptor);
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  int descriptor() const { return descriptor_.get(); }
  uint64_t size() const { return bytes_.size(); }
  /// Nothing where that is not inside. The child may write there at any time.
  std::optional<std::span<std::byte>> at(uint64_t offset, uint64_t size) const;

 private:
  static Result<std::shared_ptr<Arena>> map(Descriptor descriptor, uint64_t bytes);
  Arena(Descriptor descriptor, std::span<std::byte> bytes)
      : descriptor_(std::move(descriptor)), bytes_(bytes) {}

  Descriptor descriptor_;
  std::span<std::byte> bytes_;
};

/// The owner's side of an arena. Thread-safe.
class ArenaOwner {
 public:
  explicit ArenaOwner(std::shared_ptr<Arena> arena) : arena_(std::move(arena)) {}

  struct Block {
    uint64_t offset = 0;         ///< of its head
    std::span<std::byte> bytes;  ///< behind the head
  };
  /// A block in use, at the lowest place that is free: memory that was touched is used again. kOutOfMemory
  /// where the other side holds on to too much.
  Result<Block> allocate(uint64_t bytes);
  /// Of a block that the other side never heard of.
  void release(const Block& block);
  /// The other side has looked at the block, or has freed it.
  bool was_seen(const Block& block) const;

 private:
  struct Extent {
    uint64_t begin = 0;
    uint64_t end = 0;
  };

  const std::shared_ptr<Arena> arena_;
  std::mutex mutex_;
  std::vector<Extent> in_use_;  ///< by place, as far as we know
};

/// A block of an arena that the other side owns. It is freed when the last copy of the pointer goes.
class PeerBlock {
 public:
  /// kInvalidArgument where the block is not inside of the arena. `bytes` do not count the head.
  static Result<std::shared_ptr<const PeerBlock>> at(std::shared_ptr<Arena> arena, uint64_t offset,
                                                     uint64_t bytes);
  PeerBlock(const PeerBlock&) = delete;
  PeerBlock& operator=(const PeerBlock&) = delete;
  ~PeerBlock();

  std::span<const std::byte> bytes() const { return whole_.subspan(kBlockHead); }
  /// Tells the owner that the block has been looked at.
  void see() const;

 private:
  PeerBlock(std::shared_ptr<Arena> arena, std::span<std::byte> whole)
      : arena_(std::move(arena)), whole_(whole) {}

  std::shared_ptr<Arena> arena_;
  std::span<std::byte> whole_;
};

}  // namespace ridgeline::serve
