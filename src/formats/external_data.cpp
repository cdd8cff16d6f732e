#include "formats/external_data.h"

#include <algorithm>
#include <filesystem>

#include "formats/onnx_outline.h"

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

ExternalData ExternalData::of_outline(std::string directory) {
  ExternalData external(std::move(directory));
  external.is_outline_ = true;
  return external;
}

Result<MappedBytes> ExternalData::open(const std::string& location) const {
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

  Result<MappedBytes> mapped = map_file(target.string());
  if (mapped.ok()) return mapped;
  return std::move(mapped).status().with_context(fmt::format("external data file '{}'", location));
}

Result<MappedBytes> ExternalData::read(const std::string& location, uint64_t offset, uint64_t length) {
  if (is_outline_ && location == kLeftOut) return map_zeros(length);
  auto entry = open_files_.find(location);
  if (entry == open_files_.end()) {
    ASSIGN_OR_RETURN(MappedBytes opened, open(location));
    entry = open_files_.emplace(location, std::move(opened)).first;
  }
  const MappedBytes& file = entry->second;
  if (offset > file.bytes.size() || length > file.bytes.size() - offset)
    return invalid_argument(
        "external data file '{}' has {} bytes, but bytes {} to {} are asked for: the file is cut short",
        location, file.bytes.size(), offset, offset + length);
  if (length == 0) return MappedBytes{};
  return MappedBytes{file.bytes.subspan(offset, length), file.keep_alive};
}

}  // namespace ridgeline::formats
