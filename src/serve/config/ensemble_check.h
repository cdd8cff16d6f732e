#pragma once

#include <functional>
#include <string_view>

#include "serve/config/finding.h"
#include "serve/config/model_config.h"

namespace ridgeline::serve {

/// What an ensemble may build on: null for a model that is not there.
using ConfigLookup = std::function<const ModelConfig*(std::string_view model)>;

/// Holds an ensemble against its models: every step's model is there and takes its batches, maps name inputs
/// and outputs that there are and leave none out that is needed, tensors fit where they meet, each is made
/// once, before it is used (no cycle), and used. Models' configurations must be complete.
void check_ensemble(const ModelConfig& ensemble, const ConfigLookup& models, Findings& findings);

}  // namespace ridgeline::serve
