#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "serve/config/model_config.h"

namespace ridgeline::serve {

/// Whether the model's class may have an auto_complete_config(): the word stands in one of the version's
/// Python files. To ask costs a process, which most models do not need.
bool may_auto_complete(const std::string& version_path, std::string_view model_code);

/// Takes over what auto_complete_config() may change (max_batch_size, inputs, outputs, dynamic batching,
/// decoupled) from the configuration as it handed it back. kInvalidArgument names the field.
Status apply_completed(std::string_view completed, ModelConfig& config);

}  // namespace ridgeline::serve
