#include "formats/zip.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <zlib.h>

namespace ridgeline::formats {
namespace {

constexpr uint32_t kLocalSignature = 0x04034b50;
constexpr uint32_t kEntrySignature = 0x02014b50;
constexpr uint32_t kEndSignature = 0x06054b50;
constexpr uint32_t kLargeEndSignature = 0x06064b50;
constexpr uint32_t kLargeLocatorSignature = 0x07064b50;
constexpr uint64_t kLocalBytes = 30;
constexpr uint64_t kEntryBytes = 46;
constexpr uint64_t kEndBytes = 22;
constexpr uint64_t kLargeEndBytes = 56;
constexpr uint64_t kLargeLocatorBytes = 20;
constexpr uint64_t kMaxComment = UINT16_MAX;

constexpr uint16_t kEncrypted = 1;
constexpr uint16_t kUtf8Name = 1 << 11;
constexpr uint16_t kStored = 0;
constexpr uint16_t kLargeExtra = 1;         ///< sizes of 8 bytes
constexpr uint16_t kPaddingExtra = 0x4246;  ///< as PyTorch names its own
constexpr uint16_t kVersion = 20;
constexpr uint16_t kFirstOfJanuary1980 = 0x21;  ///< the format's day 0
constexpr uint64_t kAlignment = 64;

Status broken(const char* what) {
  return invalid_argument("{}: the zip file is cut short or damaged, get it again", what);
}

/// Little-endian numbers, each read behind a check of bounds.
class Fields {
 public:
  explicit Fields(std::span<const std::byte> bytes) : bytes_(bytes) {}

  bool holds(uint64_t offset, uint64_t size) const {
    return offset <= bytes_.size() && size <= bytes_.size() - offset;
  }
  template <typename T>
  T at(uint64_t offset) const {
    T number{};
    if (holds(offset, sizeof(T))) std::memcpy(&number, bytes_.data() + offset, sizeof(T));
    return number;
  }
  std::string_view text(uint64_t offset, uint64_t size) const {
    return {reinterpret_cast<const char*>(bytes_.data()) + offset, size};
  }

 private:
  std::span<const std::byte> bytes_;
};

/// Sizes and offsets that did not fit into 4 bytes stand in an extra field, in this order.
bool widen(const Fields& fields, uint64_t offset, uint64_t end, const std::array<uint64_t*, 3>& numbers) {
  const auto is_large = [](const uint64_t* number) { return *number == UINT32_MAX; };
  if (std::none_of(numbers.begin(), numbers.end(), is_large)) return true;
  while (offset + 4 <= end) {
    const uint16_t id = fields.at<uint16_t>(offset);
    const uint64_t next = offset + 4 + fields.at<uint16_t>(offset + 2);
    if (next > end) return false;
    if (id != kLargeExtra) {
      offset = next;
      continue;
    }
    offset += 4;
    for (uint64_t* number : numbers) {
      if (!is_large(number)) continue;
      if (offset + 8 > next) return false;
      *number = fields.at<uint64_t>(offset);
      offset += 8;
    }
    return true;
  }
  return false;
}

uint32_t checksum_of(std::span<const std::byte> bytes) {
  const auto* at = reinterpret_cast<const Bytef*>(bytes.data());
  return static_cast<uint32_t>(crc32_z(crc32_z(0, nullptr, 0), at, bytes.size()));
}

template <typename... Numbers>
void append(std::string& out, Numbers... numbers) {
  (out.append(reinterpret_cast<const char*>(&numbers), sizeof(numbers)), ...);
}

}  // namespace

Result<ZipReader::Directory> ZipReader::find_large_directory(uint64_t end_offset) const {
  const Fields fields(file_.bytes);
  if (end_offset < kLargeLocatorBytes) return broken("the large directory is missing");
  const uint64_t locator = end_offset - kLargeLocatorBytes;
  const uint64_t end = fields.at<uint64_t>(locator + 8);
  if (fields.at<uint32_t>(locator) != kLargeLocatorSignature || !fields.holds(end, kLargeEndBytes) ||
      fields.at<uint32_t>(end) != kLargeEndSignature)
    return broken("the large directory is missing");
  return Directory{fields.at<uint64_t>(end + 32), fields.at<uint64_t>(end + 48),
                   fields.at<uint64_t>(end + 40)};
}

Result<ZipReader::Directory> ZipReader::find_directory() const {
  const Fields fields(file_.bytes);
  const uint64_t size = file_.bytes.size();
  for (uint64_t comment = 0; comment <= kMaxComment && comment + kEndBytes <= size; ++comment) {
    const uint64_t end = size - kEndBytes - comment;
    if (fields.at<uint32_t>(end) != kEndSignature || fields.at<uint16_t>(end + 20) != comment) continue;
    const Directory directory{fields.at<uint16_t>(end + 10), fields.at<uint32_t>(end + 16),
                              fields.at<uint32_t>(end + 12)};
    const bool is_large =
        directory.entries == UINT16_MAX || directory.offset == UINT32_MAX || directory.bytes == UINT32_MAX;
    return is_large ? find_large_directory(end) : directory;
  }
  return broken("the directory at the end is missing");
}

/// Reads one entry of the directory; where the next one begins.
Result<uint64_t> ZipReader::read_entry(uint64_t offset, uint64_t end) {
  const Fields fields(file_.bytes);
  if (offset + kEntryBytes > end || fields.at<uint32_t>(offset) != kEntrySignature)
    return broken("an entry of the directory is missing");
  Entry entry{fields.at<uint16_t>(offset + 8),  fields.at<uint16_t>(offset + 10),
              fields.at<uint32_t>(offset + 16), fields.at<uint32_t>(offset + 20),
              fields.at<uint32_t>(offset + 24), fields.at<uint32_t>(offset + 42)};
  const uint64_t name = offset + kEntryBytes;
  const uint64_t extra = name + fields.at<uint16_t>(offset + 28);
  const uint64_t comment = extra + fields.at<uint16_t>(offset + 30);
  const uint64_t next = comment + fields.at<uint16_t>(offset + 32);
  if (next > end) return broken("an entry of the directory is cut short");
  if (!widen(fields, extra, comment, {&entry.bytes, &entry.stored_bytes, &entry.header_offset}))
    return broken("the sizes of an entry are missing");
  const std::string key(fields.text(name, extra - name));
  if (!entries_.emplace(key, entry).second) return invalid_argument("the zip file holds '{}' twice", key);
  return next;
}

Status ZipReader::read_directory(const Directory& directory) {
  if (!Fields(file_.bytes).holds(directory.offset, directory.bytes))
    return broken("the directory lies outside of the file");
  const uint64_t end = directory.offset + directory.bytes;
  uint64_t offset = directory.offset;
  for (uint64_t entry = 0; entry < directory.entries; ++entry) {
    ASSIGN_OR_RETURN(offset, read_entry(offset, end));
  }
  return {};
}

Result<ZipReader> ZipReader::open(const MappedBytes& file) {
  ZipReader reader(file);
  ASSIGN_OR_RETURN(const Directory directory, reader.find_directory());
  RETURN_IF_ERROR(reader.read_directory(directory));
  return reader;
}

std::string ZipReader::name_ending(std::string_view end) const {
  std::string found;
  for (const auto& [name, entry] : entries_) {
    if (!name.ends_with(end)) continue;
    if (!found.empty()) return "";
    found = name;
  }
  return found;
}

Result<MappedBytes> ZipReader::read(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return not_found("the zip file has no '{}'", name);
  const Entry& entry = found->second;
  if (entry.method != kStored || (entry.flags & kEncrypted) != 0)
    return unsupported(
        "'{}' is compressed or encrypted, which torch.save never does: save it with torch.save", name);
  const Fields fields(file_.bytes);
  if (!fields.holds(entry.header_offset, kLocalBytes) ||
      fields.at<uint32_t>(entry.header_offset) != kLocalSignature)
    return broken("an entry is not where the directory says");
  const uint64_t begin = entry.header_offset + kLocalBytes + fields.at<uint16_t>(entry.header_offset + 26) +
                         fields.at<uint16_t>(entry.header_offset + 28);
  if (entry.bytes != entry.stored_bytes || !fields.holds(begin, entry.bytes))
    return broken("an entry reaches outside of the file");
  const MappedBytes content{file_.bytes.subspan(begin, entry.bytes), file_.keep_alive};
  if (checksum_of(content.bytes) != entry.checksum)
    return invalid_argument("'{}' has another checksum than it should: the file is damaged, get it again",
                            name);
  return content;
}

void ZipWriter::add(const std::string& name, std::string_view content) {
  const uint64_t offset = file_.size();
  const uint64_t unpadded = offset + kLocalBytes + name.size() + 4;
  const auto padding = static_cast<uint16_t>((kAlignment - unpadded % kAlignment) % kAlignment);
  const uint32_t checksum = checksum_of(std::as_bytes(std::span(content)));
  const auto bytes = static_cast<uint32_t>(content.size());
  const auto name_bytes = static_cast<uint16_t>(name.size());
  const auto append_common = [&](std::string& out) {
    append(out, kVersion, kUtf8Name, kStored, uint16_t{0}, kFirstOfJanuary1980, checksum, bytes, bytes,
           name_bytes);
  };
  append(file_, kLocalSignature);
  append_common(file_);
  append(file_, static_cast<uint16_t>(padding + 4));
  file_ += name;
  append(file_, kPaddingExtra, padding);
  file_.append(padding, '\0');
  file_ += content;

  append(directory_, kEntrySignature, kVersion);
  append_common(directory_);
  append(directory_, uint16_t{0}, uint16_t{0}, uint16_t{0}, uint16_t{0}, uint32_t{0},
         static_cast<uint32_t>(offset));
  directory_ += name;
  ++entries_;
}

Result<std::string> ZipWriter::finish() {
  const uint64_t offset = file_.size();
  if (offset + directory_.size() + kEndBytes > std::numeric_limits<uint32_t>::max() || entries_ >= UINT16_MAX)
    return unsupported("more than 4 GiB of weights cannot be written as .pth: write safetensors instead");
  file_ += directory_;
  const auto count = static_cast<uint16_t>(entries_);
  append(file_, kEndSignature, uint16_t{0}, uint16_t{0}, count, count,
         static_cast<uint32_t>(directory_.size()), static_cast<uint32_t>(offset), uint16_t{0});
  return std::move(file_);
}

}  // namespace ridgeline::formats
