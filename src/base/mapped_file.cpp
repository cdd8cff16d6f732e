#include "base/mapped_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ridgeline {
namespace {

struct Mapping {
  void* data;
  size_t size;

  Mapping(void* memory, size_t bytes) : data(memory), size(bytes) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { munmap(data, size); }
};

Result<MappedBytes> map(size_t size, int flags, int descriptor) {
  if (size == 0) return MappedBytes{};
  void* memory = mmap(nullptr, size, PROT_READ, MAP_PRIVATE | flags, descriptor, 0);
  if (memory == MAP_FAILED) return out_of_memory("cannot be mapped ({})", std::strerror(errno));
  auto mapping = std::make_shared<const Mapping>(memory, size);
  return MappedBytes{{static_cast<std::byte*>(memory), size}, std::move(mapping)};
}

Result<MappedBytes> map_descriptor(int descriptor) {
  struct stat facts = {};
  if (fstat(descriptor, &facts) != 0 || !S_ISREG(facts.st_mode))
    return invalid_argument("is not a regular file");
  return map(static_cast<size_t>(facts.st_size), 0, descriptor);
}

}  // namespace

Result<MappedBytes> map_file(const std::string& path) {
  // O_NONBLOCK: a FIFO must not hang us before fstat has told what it is.
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0 && errno == ENOENT) return not_found("no such file");
  if (descriptor < 0) return invalid_argument("cannot be opened ({})", std::strerror(errno));
  Result<MappedBytes> mapped = map_descriptor(descriptor);
  close(descriptor);
  return mapped;
}

Result<MappedBytes> map_zeros(size_t bytes) { return map(bytes, MAP_ANONYMOUS | MAP_NORESERVE, -1); }

}  // namespace ridgeline
