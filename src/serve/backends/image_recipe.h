#pragma once

#include <string>

#include "base/status.h"
#include "serve/config/model_config.h"
#include "vision/preprocess.h"

/// What a model of the backend "image" does: its configuration's parameters, held against its tensors.
namespace ridgeline::serve {

/// How pictures become numbers. The parameter `model` names a model in the same repository whose file carries
/// the preprocessing contract; without it torchvision's evaluation recipe is taken, for the size that the
/// output is configured with, else 224. Each part of either may be said by a parameter of the contract's own
/// name: resize, crop, interpolation, mean ("0.5, 0.5, 0.5"), std, color_order, layout. Errors name the
/// parameter or the file.
Result<vision::Preprocessing> preprocessing_of(const ModelConfig& config, const std::string& model_path);

/// Fills in what the configuration leaves out: an input IMAGE of JPEG or PNG files, an output PIXELS, and
/// where neither was given, batches of up to kDefaultMaxBatchSize.
void complete_image(ModelConfig& config, const vision::Preprocessing& how);

/// kInvalidArgument where a completed configuration is not one image in, as files (TYPE_STRING [1]) or as
/// pixels (TYPE_UINT8 [h, w, 3]), and what the preprocessing makes of it out.
Status check_image(const ModelConfig& config, const vision::Preprocessing& how);

}  // namespace ridgeline::serve
