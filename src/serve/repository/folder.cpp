#include "serve/repository/folder.h"

#include <filesystem>
#include <system_error>

#include "base/file.h"

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

}  // namespace ridgeline::serve
