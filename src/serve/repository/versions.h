#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "serve/config/finding.h"
#include "serve/config/model_config.h"

namespace ridgeline::serve {

/// The versions in a model's folder, ascending: folders named by a number from 1, without leading zeros.
/// Other folders are warned of, save those that configurations refer to (configs, warmup, initial_state) and
/// hidden ones.
std::vector<int64_t> versions_in(const std::string& model_path, std::vector<Finding>& findings);

/// Those that the policy serves, ascending. A version that is asked for by number and is not there is a
/// warning; none at all is an error.
std::vector<int64_t> versions_served(const ModelConfig& config, const std::vector<int64_t>& versions,
                                     Findings& findings);

}  // namespace ridgeline::serve
