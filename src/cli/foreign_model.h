#pragma once

#include <string>

#include "base/status.h"
#include "formats/weights.h"
#include "graph/graph.h"

namespace ridgeline::cli {

/// The zoo's model that a checkpoint (.safetensors, .pth, .pt, .bin) or a Hugging Face folder holds weights
/// of. Its contract comes along, as the file or the folder tells it: the image size is the contract's unless
/// the options ask for another, to which resize and crop are scaled then; a projection's outputs are no
/// classes.
Result<Graph> foreign_model(const std::string& source, formats::GraphOptions options);

}  // namespace ridgeline::cli
