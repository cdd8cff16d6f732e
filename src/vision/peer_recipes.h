#pragma once

#include <string_view>

#include "base/json.h"
#include "base/status.h"
#include "vision/preprocess.h"

namespace ridgeline::vision {

/// What other libraries' files say of a model's evaluation images. `what` (a file) is named in errors:
/// kUnsupported, with the field, for a recipe that Preprocessing can't tell (a resize that distorts, another
/// filter); nothing is assumed.

/// preprocessor_config.json of transformers: the ConvNext processor that ResNets have, or any that resizes
/// the shorter side and crops the centre.
Result<Preprocessing> preprocessing_of_transformers(const Json& config, std::string_view what);

/// "pretrained_cfg" of timm.
Result<Preprocessing> preprocessing_of_timm(const Json& config, std::string_view what);

}  // namespace ridgeline::vision
