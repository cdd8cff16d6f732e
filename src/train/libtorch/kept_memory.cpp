#include "train/libtorch/kept_memory.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <sys/mman.h>
#include <unordered_map>

namespace ridgeline::train {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kLarge =
    size_t{1} << 20;  // smaller tensors stay with the C library, which keeps them itself

struct FreeBlock {
  void operator()(void* block) const { std::free(block); }
};
using Block = std::unique_ptr<void, FreeBlock>;

/// Hands out whole blocks; a freed one serves the next tensor that fills at least four fifths of it.
class KeptMemory final : public c10::Allocator {
 public:
  static KeptMemory& instance() {
    static auto* const kKept =
        std::make_unique<KeptMemory>().release();  // outlives every tensor, as ATen asks
    return *kKept;
  }

  c10::DataPtr allocate(size_t bytes) override {
    void* const memory = bytes < kLarge ? c10::alloc_cpu(bytes) : take(bytes);
    return {memory, memory, give_back, c10::Device(c10::DeviceType::CPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return give_back; }

  void copy_data(void* to, const void* from, size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }

  void release() {
    const std::scoped_lock lock(mutex_);
    kept_.clear();
  }

 private:
  struct Lent {
    Block block;
    size_t size;
  };

  void* take(size_t bytes) {
    const size_t size = (bytes + kHugePage - 1) / kHugePage * kHugePage;
    const std::scoped_lock lock(mutex_);
    Lent lent = take_kept(size);
    if (!lent.block) lent = make(size);
    void* const memory = lent.block.get();
    lent_.emplace(memory, std::move(lent));
    return memory;
  }

  Lent take_kept(size_t size) {
    const auto found = kept_.lower_bound(size);
    if (found == kept_.end() || found->first > size + size / 4) return {.block = nullptr, .size = 0};
    Lent lent{.block = std::move(found->second), .size = found->first};
    kept_.erase(found);
    return lent;
  }

  Lent make(size_t size) {
    Block block(std::aligned_alloc(kHugePage, size));
    if (!block) {
      kept_.clear();
      block.reset(std::aligned_alloc(kHugePage, size));
    }
    TORCH_CHECK_WITH(OutOfMemoryError, block, "no memory for a tensor of ", size, " bytes");
    madvise(block.get(), size, MADV_HUGEPAGE);  // a kernel without huge pages refuses, and small ones serve
    return {.block = std::move(block), .size = size};
  }

  static void give_back(void* memory) {
    if (!instance().keep(memory)) c10::free_cpu(memory);
  }

  bool keep(void* memory) {
    const std::scoped_lock lock(mutex_);
    const auto found = lent_.find(memory);
    if (found == lent_.end()) return false;
    kept_.emplace(found->second.size, std::move(found->second.block));
    lent_.erase(found);
    return true;
  }

  std::mutex mutex_;
  std::unordered_map<void*, Lent> lent_;
  std::multimap<size_t, Block> kept_;
};

}  // namespace

void keep_memory_of_large_tensors() { c10::SetCPUAllocator(&KeptMemory::instance(), 1); }

void release_kept_memory() { KeptMemory::instance().release(); }

}  // namespace ridgeline::train
