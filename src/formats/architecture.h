#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "formats/state_dict.h"

namespace ridgeline::formats {

/// Metadata: the architecture as timm's and PyTorch's example checkpoints name it.
inline constexpr const char* kCheckpointModelKey = "arch";

/// A model of the zoo as weights tell it.
struct Architecture {
  std::string model;  ///< the zoo's name
  int64_t num_classes = 0;
  int64_t projection = 0;  ///< of a linear layer behind the classifier, 0 where there is none
  int64_t image_size = 0;  ///< 0 where the weights leave it open
};

/// What `weights` are of: `model`, or without it what their metadata say, or else what names and shapes tell.
/// kUnsupported, with what is different, for a relative of a zoo model (deep stems, grouped or wide
/// convolutions, other depths) and for everything else, with the remedy.
Result<Architecture> architecture_of(const StateDict& weights, const std::string& model);

}  // namespace ridgeline::formats
