#include "predict/find_images.h"

#include <filesystem>
#include <glob.h>

#include "vision/folder.h"

namespace ridgeline::predict {
namespace {

std::vector<std::string> matches_of(const std::string& pattern) {
  glob_t found = {};
  std::vector<std::string> paths;
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0)
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  return paths;
}

Status add(const std::string& path, std::vector<std::string>& files) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    files.push_back(path);
    return {};
  }
  ASSIGN_OR_RETURN(const vision::ImageFolder folder, vision::scan_image_folder(path));
  for (const vision::ImageFile& file : folder.files) files.push_back(file.path);
  return {};
}

}  // namespace

Result<std::vector<std::string>> find_images(std::span<const std::string> words) {
  std::vector<std::string> files;
  for (const std::string& word : words) {
    std::error_code error;
    if (std::filesystem::exists(word, error)) {
      RETURN_IF_ERROR(add(word, files));
      continue;
    }
    const std::vector<std::string> matches = matches_of(word);
    if (matches.empty()) return not_found("{}: no such file, folder or match", word);
    for (const std::string& match : matches) RETURN_IF_ERROR(add(match, files));
  }
  return files;
}

}  // namespace ridgeline::predict
