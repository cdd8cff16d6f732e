#include "serve/core/fresh_model.h"

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "serve/config/validate.h"
#include "serve/repository/folder.h"
#include "serve/repository/stamps.h"

namespace ridgeline::serve {
namespace {

/// A model's folder made of the files that a client sent; removed with its last user.
class SentFiles {
 public:
  explicit SentFiles(std::string root) : root_(std::move(root)) {}
  ~SentFiles() {
    std::error_code ignored;  // nobody is left to be told
    std::filesystem::remove_all(root_, ignored);
  }
  SentFiles(const SentFiles&) = delete;
  SentFiles& operator=(const SentFiles&) = delete;

  static Result<std::shared_ptr<const SentFiles>> write(const std::string& model,
                                                        const wire::http::LoadRequest& request) {
    std::string root = (std::filesystem::temp_directory_path() / "ridgeline-model.XXXXXX").string();
    if (mkdtemp(root.data()) == nullptr)
      return unavailable("{}: no folder can be made for the files of model '{}'", root, model);
    auto sent = std::make_shared<const SentFiles>(std::move(root));
    for (const auto& [path, content] : request.files) {
      if (!stays_within(path))
        return invalid_argument("file '{}' of model '{}' is not a path inside the model's folder", path,
                                model);
      const std::string file = fmt::format("{}/{}/{}", sent->root_, model, path);
      RETURN_IF_ERROR(make_directories(std::filesystem::path(file).parent_path().string()));
      RETURN_IF_ERROR(write_file_atomically(file, content));
    }
    return sent;
  }

  std::string folder(const std::string& model) const { return fmt::format("{}/{}", root_, model); }

 private:
  std::string root_;
};

std::vector<std::string> folders_of(std::span<const std::string> roots, const std::string& name) {
  std::vector<std::string> paths;
  if (!check_model_name(name).ok()) return paths;
  for (const std::string& root : roots)
    if (const std::string path = fmt::format("{}/{}", root, name); is_folder(path)) paths.push_back(path);
  return paths;
}

}  // namespace

std::vector<FreshModel> read_fresh(std::span<const std::string> roots, const std::string& name) {
  std::vector<FreshModel> models;
  for (const std::string& path : folders_of(roots, name)) {
    const uint64_t stamp = stamp_of(path);  // before the files are read: a change meanwhile is seen later
    models.push_back({.folder = read_model_folder(path), .stamp = stamp});
  }
  return models;
}

Result<std::vector<FreshModel>> read_overridden(std::span<const std::string> roots, const std::string& name,
                                                const wire::http::LoadRequest& request) {
  if (!request.config) {
    if (!request.files.empty())
      return invalid_argument(
          "files of model '{}' were sent without a configuration: send the 'config' parameter too", name);
    return read_fresh(roots, name);
  }
  std::vector<std::string> paths = folders_of(roots, name);
  std::shared_ptr<const SentFiles> files;
  if (!request.files.empty() && check_model_name(name).ok()) {
    ASSIGN_OR_RETURN(files, SentFiles::write(name, request));
    paths = {files->folder(name)};
  }
  ParsedConfig config = parse_config_json(*request.config, "the configuration that was sent");
  if (!config.config || paths.empty()) return failed_to_poll(name);
  std::vector<FreshModel> models;
  for (const std::string& path : paths)
    models.push_back({.folder = read_model_folder(path, config), .overridden = true, .files = files});
  return models;
}

std::set<std::string> names_in(std::span<const std::string> roots) {
  std::set<std::string> names;
  for (const std::string& root : roots) names.merge(folders_in(root));
  return names;
}

Status failed_to_poll(const std::string& name) {
  return internal_error("failed to load '{}', failed to poll from model repository", name);
}

}  // namespace ridgeline::serve
