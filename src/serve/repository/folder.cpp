#include "serve/repository/folder.h"

#include <filesystem>
#include <system_error>

namespace ridgeline::serve {
namespace fs = std::filesystem;

std::set<std::string> entries_in(const std::string& path) {
  std::set<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error))
    if (std::string name = entry->path().filename().string(); !name.starts_with('.'))
      names.insert(std::move(name));
  return names;
}

std::set<std::string> folders_in(const std::string& path) {
  std::set<std::string> names = entries_in(path);
  std::erase_if(names, [&](const std::string& name) { return !is_folder(path + "/" + name); });
  return names;
}

bool is_file(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

bool is_folder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

}  // namespace ridgeline::serve
