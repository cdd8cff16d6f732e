#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "serve/config/finding.h"
#include "serve/config/model_config.h"
#include "serve/config/parse.h"

namespace ridgeline::serve {

/// A model as its folder holds it: <model>/config.pbtxt, <model>/<version>/<file>. Plain data.
struct ModelFolder {
  std::string name;  ///< of the folder, and the model's
  std::string path;
  std::string config_file;            ///< path of config.pbtxt, whether it is there or not
  std::optional<ModelConfig> config;  ///< with everything filled in; none where config.pbtxt cannot be read
  Positions positions;                ///< of the fields in config.pbtxt
  std::vector<int64_t> versions;      ///< in the folder, ascending
  std::vector<int64_t> served;        ///< those that the version policy chooses, ascending
  std::map<std::string, std::vector<std::string>> labels;  ///< by output, where a file or the model has them
  std::vector<Finding> findings;

  bool servable() const { return config && !has_error(findings); }
};

/// Reads one model's folder: its configuration, completed from its files and held against them. What is wrong
/// is in its findings; an ensemble's steps are not looked at yet. `config` takes the place of config.pbtxt.
ModelFolder read_model_folder(const std::string& path, std::optional<ParsedConfig> config = std::nullopt);

/// Ok for a name that is one folder of a repository: not empty, no "/", not "." or "..", no leading ".",
/// UTF-8 without control characters. kInvalidArgument else; for names that clients send, before any path is
/// made.
Status check_model_name(std::string_view name);

}  // namespace ridgeline::serve
