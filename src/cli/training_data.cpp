#include "cli/training_data.h"

#include <filesystem>
#include <fmt/core.h>
#include <string>

#include "cli/progress_bar.h"

namespace ridgeline::cli {
namespace {

struct DataSection {
  std::string root;
  bool synth = false;
  vision::SynthOptions flowers;
  vision::SplitOptions split;
};

Result<DataSection> read_section(const Json& data) {
  DataSection section;
  if (!data.is_object() || !data.contains("root") || !data["root"].is_string() || data["root"] == "")
    return invalid_argument("data.root: names no folder; write +data=folder data.root=DIR");
  section.root = data["root"].get<std::string>();
  if (data.contains("synth")) {
    if (!data["synth"].is_boolean()) return invalid_argument("data.synth: takes true or false");
    section.synth = data["synth"].get<bool>();
  }
  if (data.contains("images_per_class")) {
    if (!data["images_per_class"].is_number_integer())
      return invalid_argument("data.images_per_class: takes a whole number");
    section.flowers.images_per_class = data["images_per_class"].get<int>();
  }
  if (data.contains("test_fraction")) {
    if (!data["test_fraction"].is_number()) return invalid_argument("data.test_fraction: takes a number");
    section.split.test_fraction = data["test_fraction"].get<double>();
  }
  return section;
}

}  // namespace

Result<vision::DataFolder> open_training_data(const Json& data, uint64_t seed, const CancelToken& cancel) {
  ASSIGN_OR_RETURN(DataSection section, read_section(data));
  section.split.seed = seed;
  std::error_code error;
  if (section.synth && !std::filesystem::exists(section.root, error)) {
    fmt::print(stderr, "{}: making the synthetic flowers\n", section.root);
    RETURN_IF_ERROR(write_flowers(section.root, section.flowers, cancel));
  }
  ASSIGN_OR_RETURN(vision::DataFolder folder, vision::open_data_folder(section.root, section.split));
  for (const std::string& line : folder.warnings) fmt::print(stderr, "warning: {}\n", line);
  return folder;
}

Status write_flowers(const std::string& root, const vision::SynthOptions& options,
                     const CancelToken& cancel) {
  ProgressBar bar;
  return vision::write_synth_folder(root, options, cancel,
                                    [&bar](double share) { bar.advance(share, "painting"); });
}

}  // namespace ridgeline::cli
