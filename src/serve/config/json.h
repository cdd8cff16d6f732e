#pragma once

#include "base/json.h"
#include "serve/config/model_config.h"

namespace ridgeline::serve {

/// The document of `GET /v2/models/M/config`: the protocol's names, every scalar and list, absent messages
/// left out, enumerations by name, and 64-bit integers as numbers (map keys as text).
Json config_json(const ModelConfig& config);

}  // namespace ridgeline::serve
