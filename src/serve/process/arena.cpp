#include "serve/process/arena.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ridgeline::serve {
namespace {

constexpr uint32_t kFree = 0;
constexpr uint32_t kInUse = 1;
constexpr uint32_t kSeen = 2;

std::atomic_ref<uint32_t> word_of(std::span<std::byte> head) {
  return std::atomic_ref<uint32_t>(*reinterpret_cast<uint32_t*>(head.data()));
}

}  // namespace

Result<std::shared_ptr<Arena>> Arena::create(uint64_t bytes) {
  const auto failed = [bytes](const char* call) {
    return out_of_memory("cannot share {} bytes of memory with a process: {}: {}", bytes, call,
                         std::strerror(errno));
  };
  Descriptor descriptor(memfd_create("ridgeline-arena", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (descriptor.get() < 0) return failed("memfd_create");
  if (ftruncate(descriptor.get(), static_cast<off_t>(bytes)) != 0) return failed("ftruncate");
  if (fcntl(descriptor.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return failed("F_ADD_SEALS");
  return map(std::move(descriptor), bytes);
}

Result<std::shared_ptr<Arena>> Arena::open(Descriptor descriptor) {
  struct stat file{};
  if (fstat(descriptor.get(), &file) != 0 || file.st_size <= 0)
    return invalid_argument("descriptor {} is no memory that a server shares", descriptor.get());
  return map(std::move(descriptor), static_cast<uint64_t>(file.st_size));
}

Result<std::shared_ptr<Arena>> Arena::map(Descriptor descriptor, uint64_t bytes) {
  void* memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, descriptor.get(), 0);
  if (memory == MAP_FAILED)
    return out_of_memory("cannot share {} bytes of memory with a process: mmap: {}", bytes,
                         std::strerror(errno));
  return std::shared_ptr<Arena>(new Arena(std::move(descriptor), {static_cast<std::byte*>(memory), bytes}));
}

Arena::~Arena() { munmap(bytes_.data(), bytes_.size()); }

std::optional<std::span<std::byte>> Arena::at(uint64_t offset, uint64_t size) const {
  if (offset > bytes_.size() || size > bytes_.size() - offset) return std::nullopt;
  return bytes_.subspan(offset, size);
}

Result<ArenaOwner::Block> ArenaOwner::allocate(uint64_t bytes) {
  const auto too_much = [&] {
    return out_of_memory("{} bytes do not fit into the {} bytes that are shared with the process", bytes,
                         arena_->size());
  };
  if (bytes > arena_->size()) return too_much();
  const uint64_t need = kBlockHead + (bytes + kBlockAlignment - 1) / kBlockAlignment * kBlockAlignment;
  const std::lock_guard lock(mutex_);
  std::erase_if(in_use_, [this](const Extent& extent) {
    return word_of(*arena_->at(extent.begin, kBlockHead)).load(std::memory_order_acquire) == kFree;
  });
  uint64_t begin = 0;
  auto next = in_use_.begin();
  for (; next != in_use_.end() && next->begin - begin < need; ++next) begin = next->end;
  const auto place = arena_->at(begin, need);
  if (!place) return too_much();
  in_use_.insert(next, {begin, begin + need});
  word_of(*place).store(kInUse, std::memory_order_release);
  return Block{begin, place->subspan(kBlockHead, bytes)};
}

void ArenaOwner::release(const Block& block) {
  word_of(*arena_->at(block.offset, kBlockHead)).store(kFree, std::memory_order_release);
}

bool ArenaOwner::was_seen(const Block& block) const {
  return word_of(*arena_->at(block.offset, kBlockHead)).load(std::memory_order_acquire) != kInUse;
}

Result<std::shared_ptr<const PeerBlock>> PeerBlock::at(std::shared_ptr<Arena> arena, uint64_t offset,
                                                       uint64_t bytes) {
  const bool fits = bytes <= arena->size() && offset % kBlockAlignment == 0;
  const auto whole = fits ? arena->at(offset, kBlockHead + bytes) : std::nullopt;
  if (!whole) return invalid_argument("a block of {} bytes at {} is not inside the arena", bytes, offset);
  return std::shared_ptr<const PeerBlock>(new PeerBlock(std::move(arena), *whole));
}

void PeerBlock::see() const { word_of(whole_).store(kSeen, std::memory_order_release); }

PeerBlock::~PeerBlock() { word_of(whole_).store(kFree, std::memory_order_release); }

}  // namespace ridgeline::serve
