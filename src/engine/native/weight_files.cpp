#include "engine/native/weight_files.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "base/file.h"
#include "base/mapped_file.h"

namespace ridgeline::native {
namespace {

namespace fs = std::filesystem;

/// Before the weights, which stay aligned to lines of 64 bytes.
struct alignas(64) Header {
  std::array<char, 8> magic{'R', 'L', 'W', 'E', 'I', 'G', 'H', 'T'};
  WeightsKey key, checksum;
  uint64_t bytes = 0;
};
static_assert(sizeof(Header) == 64);

bool write_all(int descriptor, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR) return false;
    if (count > 0) bytes = bytes.subspan(static_cast<size_t>(count));
  }
  return true;
}

/// Not synced: what a crash leaves of it fails its checksum.
bool write_beside(const std::string& path, const Header& header, std::span<const std::byte> weights) {
  std::string beside = path + ".XXXXXX";
  const int descriptor = mkostemp(beside.data(), O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool is_written =
      write_all(descriptor, std::as_bytes(std::span(&header, 1))) && write_all(descriptor, weights);
  close(descriptor);
  if (is_written && rename(beside.c_str(), path.c_str()) == 0) return true;
  unlink(beside.c_str());
  return false;
}

std::span<const std::byte> bytes_of(const Tensor& tensor) { return {tensor.data(), tensor.byte_size()}; }

struct KeptFile {
  fs::path path;
  fs::file_time_type used;
  int64_t bytes = 0;
};

std::vector<KeptFile> files_in(const std::string& folder) {
  std::vector<KeptFile> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code gone;
    KeptFile file{entry->path(), entry->last_write_time(gone)};
    if (!gone) file.bytes = static_cast<int64_t>(entry->file_size(gone));
    if (!gone) files.push_back(std::move(file));
  }
  return files;
}

}  // namespace

WeightFiles::WeightFiles(std::string folder, int64_t most_bytes)
    : folder_(std::move(folder)), most_bytes_(most_bytes) {}

std::string WeightFiles::path_of(const WeightsKey& key) const {
  return fmt::format("{}/{}.weights", folder_, key.to_string());
}

std::optional<Tensor> WeightFiles::find(const WeightsKey& key, size_t bytes) const {
  const std::string path = path_of(key);
  const Result<MappedBytes> mapped = map_file(path);
  Header header;
  if (!mapped.ok() || mapped->bytes.size() != sizeof header + bytes) return std::nullopt;
  const Header expected{
      .key = key, .checksum = checksum_of(mapped->bytes.subspan(sizeof header)), .bytes = bytes};
  std::memcpy(&header, mapped->bytes.data(), sizeof header);
  if (header.magic != expected.magic || header.key != key || header.checksum != expected.checksum ||
      header.bytes != bytes)
    return std::nullopt;
  static_cast<void>(utimensat(AT_FDCWD, path.c_str(), nullptr, 0));  // the last use, for remove_old()
  return Tensor::wrap(DType::kU8, {static_cast<int64_t>(bytes)}, mapped->bytes.data() + sizeof header,
                      mapped->keep_alive);
}

void WeightFiles::keep(const WeightsKey& key, const Tensor& packed) const {
  if (!make_directories(folder_).ok()) return;
  const Header header{.key = key, .checksum = checksum_of(bytes_of(packed)), .bytes = packed.byte_size()};
  static_cast<void>(write_beside(path_of(key), header, bytes_of(packed)));
}

void WeightFiles::remove_old() const {
  std::vector<KeptFile> files = files_in(folder_);
  std::ranges::sort(files, {}, &KeptFile::used);
  int64_t bytes = 0;
  for (const KeptFile& file : files) bytes += file.bytes;
  for (const KeptFile& file : files) {
    if (bytes <= most_bytes_) return;
    std::error_code error;
    fs::remove(file.path, error);
    bytes -= file.bytes;
  }
}

}  // namespace ridgeline::native
