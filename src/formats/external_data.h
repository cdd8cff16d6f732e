#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "base/status.h"

namespace ridgeline::formats {

/// A part of a mapped file, and what keeps the mapping alive.
struct MappedBytes {
  std::span<std::byte> bytes;  ///< read-only pages
  std::shared_ptr<const void> keep_alive;
};

/// Files beside a model that hold its weights. Only regular files inside the model's directory are opened: a
/// path that is absolute or leaves the directory, by ".." or by a symbolic link, is refused.
class ExternalData {
 public:
  /// Refuses everything: the model came from memory.
  ExternalData() = default;
  /// `directory` may be "" for the current one.
  explicit ExternalData(std::string directory) : directory_(std::move(directory)), allowed_(true) {}

  /// `length` bytes from `offset`; each file is mapped once.
  Result<MappedBytes> read(const std::string& location, uint64_t offset, uint64_t length);

 private:
  struct Mapping;
  Result<std::shared_ptr<const Mapping>> open(const std::string& location) const;

  std::string directory_;
  bool allowed_ = false;
  std::map<std::string, std::shared_ptr<const Mapping>> open_files_;
};

}  // namespace ridgeline::formats
