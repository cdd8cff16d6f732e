#pragma once

#include "serve/config/finding.h"
#include "serve/config/model_config.h"

namespace ridgeline::serve {

/// What is wrong with a completed configuration in itself, whatever the model's files hold: Triton's rules.
void validate(const ModelConfig& config, Findings& findings);

/// A relative path that stays within its folder: no "..", nothing absolute, no control characters.
bool stays_within(std::string_view relative_path);

}  // namespace ridgeline::serve
