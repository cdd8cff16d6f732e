#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "serve/config/finding.h"
#include "serve/config/model_config.h"

namespace ridgeline::serve {

/// Names, datatypes, dims and reshapes of a configuration's inputs and outputs in themselves.
void validate_tensors(const ModelConfig& config, Findings& findings);

/// "[-1,3,224]".
std::string dims_text(std::span<const int64_t> dims);

}  // namespace ridgeline::serve
