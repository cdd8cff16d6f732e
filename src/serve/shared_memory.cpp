#include "serve/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "serve/mapping_guard.h"

namespace ridgeline::serve {
namespace {

/// Sums may not wrap.
bool fits(uint64_t offset, uint64_t byte_size, uint64_t whole) {
  return offset <= whole && byte_size <= whole - offset;
}

/// mmap() starts at pages.
uint64_t page_start(uint64_t offset) {
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return offset / page * page;
}

}  // namespace

/// Owns the descriptor, too: it tells the object's size as it is now.
class SharedMemory::Mapping {
 public:
  static Result<std::shared_ptr<const Mapping>> open(const SharedMemoryRegion& region) {
    const int descriptor = shm_open(region.key.c_str(), O_RDWR | O_CLOEXEC, 0);
    if (descriptor < 0) return internal_error("Unable to open shared memory region: '{}'", region.key);
    auto mapping = std::shared_ptr<Mapping>(new Mapping(descriptor, region));
    if (!mapping->holds(0, region.byte_size) || !mapping->map())
      return internal_error("Invalid shared memory region: '{}'", region.key);
    return std::shared_ptr<const Mapping>(std::move(mapping));
  }

  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    guard_.reset();
    if (memory_ != MAP_FAILED) munmap(memory_, mapped_bytes_);
    close(descriptor_);
  }

  /// Whether the object reaches, and has always reached, to the end of these bytes of the region.
  bool holds(uint64_t offset, uint64_t byte_size) const {
    struct stat now{};
    if (fstat(descriptor_, &now) != 0 || (guard_ && guard_->was_cut())) return false;
    const auto whole = static_cast<uint64_t>(now.st_size);
    return region_offset_ <= whole && fits(offset, byte_size, whole - region_offset_);
  }

  std::span<std::byte> bytes(uint64_t offset, uint64_t byte_size) const {
    std::byte* const start = static_cast<std::byte*>(memory_) + (region_offset_ - page_start(region_offset_));
    return {start + offset, byte_size};
  }

 private:
  Mapping(int descriptor, const SharedMemoryRegion& region)
      : descriptor_(descriptor), region_offset_(region.offset), region_bytes_(region.byte_size) {}

  bool map() {
    const uint64_t start = page_start(region_offset_);
    mapped_bytes_ = region_offset_ - start + region_bytes_;
    memory_ = mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_,
                   static_cast<off_t>(start));
    if (memory_ == MAP_FAILED) return false;
    guard_.emplace(std::span(static_cast<std::byte*>(memory_), mapped_bytes_));
    return true;
  }

  int descriptor_;
  uint64_t region_offset_;
  uint64_t region_bytes_;
  uint64_t mapped_bytes_ = 0;
  void* memory_ = MAP_FAILED;
  std::optional<MappingGuard> guard_;
};

Status SharedMemory::add(const SharedMemoryRegion& region) {
  if (!open_)
    return unsupported(
        "clients may not register shared memory here: start the server with --allow-client-shm true");
  if (region.byte_size == 0)
    return invalid_argument("shared memory region '{}' has no bytes: byte_size must be positive",
                            region.name);
  const std::scoped_lock lock(mutex_);
  if (regions_.contains(region.name))
    return already_exists("shared memory region '{}' already in manager", region.name);
  ASSIGN_OR_RETURN(auto mapping, Mapping::open(region));
  regions_.emplace(region.name, Registered{region, std::move(mapping)});
  return {};
}

void SharedMemory::remove(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  regions_.erase(name);
}

void SharedMemory::remove_all() {
  const std::scoped_lock lock(mutex_);
  regions_.clear();
}

Result<std::vector<SharedMemoryRegion>> SharedMemory::list(const std::string& name) const {
  const std::scoped_lock lock(mutex_);
  std::vector<SharedMemoryRegion> found;
  for (const auto& [key, registered] : regions_)
    if (name.empty() || key == name) found.push_back(registered.region);
  if (!name.empty() && found.empty())
    return not_found("Unable to find system shared memory region: '{}'", name);
  return found;
}

Result<MappedBytes> SharedMemory::resolve(const wire::SharedMemoryRef& reference) const {
  const std::scoped_lock lock(mutex_);
  const auto found = regions_.find(reference.region);
  if (found == regions_.end())
    return not_found("Unable to find shared memory region: '{}'", reference.region);
  const auto& [region, mapping] = found->second;
  if (!fits(reference.offset, reference.byte_size, region.byte_size) ||
      !mapping->holds(reference.offset, reference.byte_size))
    return invalid_argument("Invalid offset + byte size for shared memory region: '{}'", reference.region);
  return MappedBytes{.owner = mapping, .bytes = mapping->bytes(reference.offset, reference.byte_size)};
}

}  // namespace ridgeline::serve
