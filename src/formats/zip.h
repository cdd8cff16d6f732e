#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/mapped_file.h"
#include "base/status.h"

namespace ridgeline::formats {

/// Zip files as PyTorch writes them: entries that matter are stored, not compressed, so that tensors are used
/// where they lie in the mapped file. (Libraries for zip copy entries out, and cannot align them when they
/// write.) Layout: PKWARE's APPNOTE.TXT.
class ZipReader {
 public:
  /// Reads the directory at the end. kInvalidArgument where it is broken.
  static Result<ZipReader> open(const MappedBytes& file);

  bool contains(const std::string& name) const { return entries_.contains(name); }
  /// The one name that ends so; "" where there is none or there are several.
  std::string name_ending(std::string_view end) const;
  /// The entry's bytes in the file, checksum verified. kNotFound, kInvalidArgument where they are broken,
  /// kUnsupported where they are compressed or encrypted.
  Result<MappedBytes> read(const std::string& name) const;

 private:
  struct Entry {
    uint16_t flags, method;
    uint32_t checksum;
    uint64_t stored_bytes, bytes, header_offset;
  };
  struct Directory {
    uint64_t entries, offset, bytes;
  };
  explicit ZipReader(MappedBytes file) : file_(std::move(file)) {}
  Result<Directory> find_directory() const;
  Result<Directory> find_large_directory(uint64_t end_offset) const;
  Status read_directory(const Directory& directory);
  Result<uint64_t> read_entry(uint64_t offset, uint64_t end);

  MappedBytes file_;
  std::map<std::string, Entry> entries_;
};

/// Stored entries, each aligned to 64 bytes; the same content gives the same file.
class ZipWriter {
 public:
  void add(const std::string& name, std::string_view content);
  /// The file. kUnsupported where it would pass 4 GiB.
  Result<std::string> finish();

 private:
  std::string file_;
  std::string directory_;
  uint64_t entries_ = 0;
};

}  // namespace ridgeline::formats
