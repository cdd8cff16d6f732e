#include "formats/external_data.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ridgeline::formats {
namespace fs = std::filesystem;
namespace {

bool leaves_its_directory(const fs::path& path) {
  return path.is_absolute() ||
         std::any_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
}

bool is_inside(const fs::path& path, const fs::path& directory) {
  return std::mismatch(directory.begin(), directory.end(), path.begin(), path.end()).first == directory.end();
}

}  // namespace

struct ExternalData::Mapping {
  std::byte* data = nullptr;
  uint64_t size = 0;

  Mapping() = default;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (data != nullptr) munmap(data, size);
  }
};

Result<std::shared_ptr<const ExternalData::Mapping>> ExternalData::open(const std::string& location) const {
  if (!allowed_)
    return invalid_argument(
        "external data '{}' cannot be read for a model from memory: load the model from its file", location);
  const fs::path relative(location);
  if (location.empty() || location.find('\0') != std::string::npos || leaves_its_directory(relative))
    return invalid_argument(
        "external data location '{}' is not a path inside the model's directory: keep weights beside the "
        "model",
        location);
  std::error_code error;
  const fs::path root = fs::canonical(directory_.empty() ? fs::path(".") : fs::path(directory_), error);
  if (error) return invalid_argument("directory {} cannot be opened ({})", directory_, error.message());
  const fs::path target = fs::canonical(root / relative, error);
  if (error)
    return not_found("external data file '{}' is not beside the model ({})", location, error.message());
  if (!is_inside(target, root))
    return invalid_argument(
        "external data '{}' is a link out of the model's directory: put the file itself there", location);

  // O_NONBLOCK: a FIFO must not hang us before fstat has told what it is.
  const int descriptor = ::open(target.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return invalid_argument("external data file '{}' cannot be opened ({})", location, std::strerror(errno));
  struct stat facts = {};
  const bool regular = fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode);
  auto mapping = std::make_shared<Mapping>();
  void* memory = MAP_FAILED;
  if (regular && facts.st_size > 0) {
    memory = mmap(nullptr, static_cast<size_t>(facts.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (memory != MAP_FAILED) {
      mapping->data = static_cast<std::byte*>(memory);
      mapping->size = static_cast<uint64_t>(facts.st_size);
    }
  }
  close(descriptor);
  if (!regular) return invalid_argument("external data '{}' is not a regular file", location);
  if (facts.st_size > 0 && memory == MAP_FAILED)
    return out_of_memory("external data file '{}' cannot be mapped", location);
  return std::shared_ptr<const Mapping>(std::move(mapping));
}

Result<MappedBytes> ExternalData::read(const std::string& location, uint64_t offset, uint64_t length) {
  auto entry = open_files_.find(location);
  if (entry == open_files_.end()) {
    ASSIGN_OR_RETURN(std::shared_ptr<const Mapping> opened, open(location));
    entry = open_files_.emplace(location, std::move(opened)).first;
  }
  const std::shared_ptr<const Mapping>& mapping = entry->second;
  if (offset > mapping->size || length > mapping->size - offset)
    return invalid_argument(
        "external data file '{}' has {} bytes, but bytes {} to {} are asked for: the file is cut short",
        location, mapping->size, offset, offset + length);
  if (length == 0) return MappedBytes{};
  return MappedBytes{{mapping->data + offset, length}, mapping};
}

}  // namespace ridgeline::formats
