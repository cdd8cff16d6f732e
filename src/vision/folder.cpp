#include "vision/folder.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <string_view>

#include "base/file.h"
#include "base/hash.h"

namespace ridgeline::vision {
namespace fs = std::filesystem;
namespace {

std::string lower_extension(const fs::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

bool is_image_extension(std::string_view extension) {
  static constexpr std::array<std::string_view, 6> kExtensions = {".jpg",  ".jpeg", ".png",
                                                                  ".webp", ".bmp",  ".gif"};
  return std::ranges::find(kExtensions, extension) != kExtensions.end();
}

std::vector<fs::path> sorted_entries(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (!it->path().filename().string().starts_with('.')) entries.push_back(it->path());
  std::ranges::sort(entries);
  return entries;
}

void collect_images(const fs::path& path, int label, ImageFolder& folder) {
  std::error_code error;
  for (const fs::path& entry : sorted_entries(path)) {
    const std::string extension = lower_extension(entry);
    if (fs::is_directory(entry, error))
      collect_images(entry, label, folder);
    else if (is_image_extension(extension))
      folder.files.push_back({entry.string(), label});
    else
      ++folder.other_files[extension];
  }
}

/// Sub-folders as classes, and nothing where there are none.
ImageFolder scan_classes(const std::string& path) {
  std::error_code error;
  ImageFolder folder;
  for (const fs::path& entry : sorted_entries(path)) {
    if (!fs::is_directory(entry, error)) continue;
    const size_t before = folder.files.size();
    collect_images(entry, static_cast<int>(folder.classes.size()), folder);
    const bool is_empty = folder.files.size() == before;
    (is_empty ? folder.empty_classes : folder.classes).push_back(entry.filename().string());
  }
  return folder;
}

std::string joined(const std::vector<std::string>& names) {
  constexpr size_t kMost = 5;
  std::string list;
  for (size_t i = 0; i < std::min(names.size(), kMost); ++i) list += (i == 0 ? "'" : ", '") + names[i] + "'";
  if (names.size() > kMost) list += fmt::format(" and {} more", names.size() - kMost);
  return list;
}

/// Moves a share of each class to the test side, those of the least hash.
void hold_out(const std::string& root, const SplitOptions& options, DataFolder& data) {
  std::vector<std::vector<std::pair<uint64_t, ImageFile>>> by_class(data.train.classes.size());
  for (ImageFile& file : data.train.files) {
    const std::string below = fs::path(file.path).lexically_relative(root).generic_string();
    by_class[static_cast<size_t>(file.label)].emplace_back(hash_bytes(below, options.seed), std::move(file));
  }
  data.train.files.clear();
  data.test.classes = data.train.classes;
  for (size_t label = 0; label < by_class.size(); ++label) {
    auto& files = by_class[label];
    std::ranges::sort(files, {}, [](const auto& entry) { return entry.first; });
    auto held_out =
        static_cast<size_t>(std::lround(options.test_fraction * static_cast<double>(files.size())));
    held_out = std::min(std::max<size_t>(held_out, 1), files.size() - 1);
    if (held_out == 0)
      data.warnings.push_back(
          fmt::format("class '{}' has one image: none to test on", data.train.classes[label]));
    for (size_t i = 0; i < files.size(); ++i)
      (i < held_out ? data.test : data.train).files.push_back(std::move(files[i].second));
  }
  for (ImageFolder* side : {&data.train, &data.test}) std::ranges::sort(side->files, {}, &ImageFile::path);
}

/// Brings both sides to one list of classes, the training side's first.
void align_labels(const std::string& test_path, DataFolder& data) {
  std::vector<std::string>& classes = data.train.classes;
  std::vector<std::string> untested;
  for (const std::string& name : classes)
    if (std::ranges::find(data.test.classes, name) == data.test.classes.end()) untested.push_back(name);
  if (!untested.empty())
    data.warnings.push_back(fmt::format("{}: no image of {}", test_path, joined(untested)));
  std::vector<int> label_of;
  std::vector<std::string> strangers;
  for (const std::string& name : data.test.classes) {
    const auto place = std::ranges::find(classes, name);
    label_of.push_back(static_cast<int>(place - classes.begin()));
    if (place != classes.end()) continue;
    strangers.push_back(name);
    classes.push_back(name);
  }
  if (!strangers.empty())
    data.problems.push_back(
        fmt::format("{}: holds classes without an image in train/: {}; add some or remove them", test_path,
                    joined(strangers)));
  for (ImageFile& file : data.test.files) file.label = label_of[static_cast<size_t>(file.label)];
  data.test.classes = classes;
}

Status scan_sides(const std::string& root, DataFolder& data) {
  data.train = scan_classes(root + "/train");
  if (data.train.files.empty()) return invalid_argument("{}/train: holds no class folder with images", root);
  const bool has_test = is_folder(root + "/test");
  const bool has_val = is_folder(root + "/val");
  if (has_test && has_val) data.warnings.push_back(fmt::format("{}: test/ is used, val/ is not", root));
  if (!has_test && !has_val) {
    data.test.classes = data.train.classes;
    data.problems.push_back(
        fmt::format("{}: has train/ but neither test/ nor val/; add one, or name {}/train to hold out a part",
                    root, root));
    return {};
  }
  data.test_source = has_test ? "test" : "val";
  const std::string test_path = root + "/" + data.test_source;
  data.test = scan_classes(test_path);
  if (data.test.files.empty())
    data.problems.push_back(fmt::format("{}: holds no class folder with images", test_path));
  align_labels(test_path, data);
  return {};
}

Status scan_one_folder(const std::string& root, const SplitOptions& options, DataFolder& data) {
  if (is_folder(root + "/test") || is_folder(root + "/val"))
    return invalid_argument("{}: has a test side but no train/", root);
  if (!(options.test_fraction > 0 && options.test_fraction < 1))
    return invalid_argument("test fraction {} is not between 0 and 1", options.test_fraction);
  data.train = scan_classes(root);
  if (data.train.files.empty())
    return invalid_argument(
        "{}: holds no class folder with images (train/<class>/ and test/<class>/, or <class>/)", root);
  hold_out(root, options, data);
  return {};
}

}  // namespace

Result<ImageFolder> scan_image_folder(const std::string& path) {
  if (!is_folder(path)) return not_found("{}: no such folder of images", path);
  ImageFolder folder = scan_classes(path);
  if (folder.files.empty()) {
    folder = {};
    collect_images(path, 0, folder);
    folder.classes = {""};
  }
  if (folder.files.empty())
    return invalid_argument("{}: holds no .jpg, .png, .webp, .bmp or .gif file", path);
  return folder;
}

Result<DataFolder> scan_data_folder(const std::string& root, const SplitOptions& options) {
  if (!is_folder(root)) return not_found("{}: no such folder of images", root);
  DataFolder data;
  RETURN_IF_ERROR(is_folder(root + "/train") ? scan_sides(root, data) : scan_one_folder(root, options, data));
  if (!data.train.empty_classes.empty())
    data.warnings.push_back(
        fmt::format("{}: no image of {}; not a class", root, joined(data.train.empty_classes)));
  if (data.classes().size() == 1)
    data.warnings.push_back(fmt::format("'{}' is the only class: nothing to tell apart", data.classes()[0]));
  return data;
}

Result<DataFolder> open_data_folder(const std::string& root, const SplitOptions& options) {
  ASSIGN_OR_RETURN(DataFolder data, scan_data_folder(root, options));
  if (!data.problems.empty()) return invalid_argument("{}", data.problems.front());
  return data;
}

}  // namespace ridgeline::vision
