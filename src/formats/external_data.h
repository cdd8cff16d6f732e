#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/mapped_file.h"
#include "base/status.h"

namespace ridgeline::formats {

/// Files beside a model that hold its weights. Only regular files inside the model's directory are opened: a
/// path that is absolute or leaves the directory, by ".." or by a symbolic link, is refused.
class ExternalData {
 public:
  /// Refuses everything: the model came from memory.
  ExternalData() = default;
  /// `directory` may be "" for the current one.
  explicit ExternalData(std::string directory) : directory_(std::move(directory)), allowed_(true) {}
  /// The same for an outline: zeros for the bytes that it left out.
  static ExternalData of_outline(std::string directory);

  /// `length` bytes from `offset`; each file is mapped once.
  Result<MappedBytes> read(const std::string& location, uint64_t offset, uint64_t length);

 private:
  Result<MappedBytes> open(const std::string& location) const;

  std::string directory_;
  bool allowed_ = false;
  bool is_outline_ = false;
  std::map<std::string, MappedBytes> open_files_;
};

}  // namespace ridgeline::formats
