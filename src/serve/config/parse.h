#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/config/finding.h"
#include "serve/config/model_config.h"

namespace ridgeline::serve {

/// A config.pbtxt as it was read: nothing is filled in yet.
struct ParsedConfig {
  std::string file;
  std::optional<ModelConfig> config;  ///< none where the text cannot be read
  Positions positions;
  std::vector<Finding> findings;  ///< the text's first fault, or the fields that are not acted on
};

/// Protobuf's text format. `file` stands for the text in findings.
ParsedConfig parse_config(std::string_view text, const std::string& file);

/// The same of JSON that a client sends, by the names of config_json() or protobuf's own. Findings have no
/// place in it.
ParsedConfig parse_config_json(std::string_view json, const std::string& file);

/// The same of a file; one that cannot be read is a finding too.
ParsedConfig load_config(const std::string& path);

}  // namespace ridgeline::serve
