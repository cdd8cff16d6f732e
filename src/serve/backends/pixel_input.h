#pragma once

#include "base/status.h"
#include "graph/graph.h"
#include "serve/config/model_config.h"
#include "serve/config/model_interface.h"

/// A model whose file carries the preprocessing contract takes pixels where its input is configured so:
/// TYPE_UINT8, rows × columns × 3, in place of the FP32 image. They are a quarter of the bytes to send and to
/// copy, and the engine scales and shifts them, folded into its first layer where it can.
namespace ridgeline::serve {

/// Makes the interface that of the model which takes pixels, where the configuration asks for that.
void show_pixel_input(const ModelConfig& config, ModelInterface& model);

/// Puts the contract's arithmetic before such an input of the graph, which has its bytes no more then.
/// kInvalidArgument where the file's contract is broken.
Status add_pixel_input(const ModelConfig& config, Graph& graph);

}  // namespace ridgeline::serve
