#include "vision/folder.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>

namespace ridgeline::vision {
namespace fs = std::filesystem;
namespace {

bool is_image(const fs::path& path) {
  static constexpr std::array<std::string_view, 4> kExtensions = {".jpg", ".jpeg", ".png", ".webp"};
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

std::vector<fs::path> sorted_entries(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    entries.push_back(it->path());
  std::sort(entries.begin(), entries.end());
  return entries;
}

void collect_images(const fs::path& folder, int label, std::vector<ImageFile>& files) {
  std::error_code error;
  for (const fs::path& entry : sorted_entries(folder)) {
    if (fs::is_directory(entry, error))
      collect_images(entry, label, files);
    else if (is_image(entry))
      files.push_back({entry.string(), label});
  }
}

}  // namespace

Result<ImageFolder> scan_image_folder(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return not_found("{}: no such folder of images", path);
  ImageFolder folder;
  for (const fs::path& entry : sorted_entries(path)) {
    if (!fs::is_directory(entry, error)) continue;
    std::vector<ImageFile> found;
    collect_images(entry, static_cast<int>(folder.classes.size()), found);
    if (found.empty()) continue;
    folder.classes.push_back(entry.filename().string());
    folder.files.insert(folder.files.end(), found.begin(), found.end());
  }
  if (folder.files.empty()) {
    collect_images(path, 0, folder.files);
    folder.classes = {""};
  }
  if (folder.files.empty()) return invalid_argument("{}: holds no .jpg, .png or .webp file", path);
  return folder;
}

}  // namespace ridgeline::vision
