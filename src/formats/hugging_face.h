#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "formats/state_dict.h"

namespace ridgeline::formats {

/// A model in a folder as the Hugging Face hub holds it: config.json beside model.safetensors or
/// pytorch_model.bin.
struct HuggingFaceModel {
  StateDict weights;                 ///< by torchvision's names
  std::vector<std::string> classes;  ///< in the order of the outputs; empty where config.json names none
  /// How its images are prepared, in the words of the library that it is of; null where nobody says.
  Json transformers_preprocessing;  ///< preprocessor_config.json
  Json timm_preprocessing;          ///< "pretrained_cfg" of timm's config.json
};

/// Reads ResNets of the library transformers, and those of timm that compute what torchvision's do. Strides,
/// activations and the like stand only in config.json: what a zoo model does not do is refused (kUnsupported,
/// naming the field), never ignored.
Result<HuggingFaceModel> load_hugging_face(const std::string& folder);

/// Torchvision's name of a tensor of transformers' ResNet:
/// "resnet.encoder.stages.0.layers.1.layer.0.convolution.weight" is "layer1.1.conv1.weight". Other names
/// stay.
std::string torchvision_name(const std::string& name);

}  // namespace ridgeline::formats
