#pragma once

#include <string>
#include <vector>

#include "formats/state_dict.h"
#include "graph/graph.h"
#include "train/config.h"
#include "vision/preprocess.h"

namespace ridgeline::train {

/// Draws the weights anew, as torchvision initialises its models: convolutions normal by Kaiming over the
/// fan-out, norms 1 and 0, linear layers and all biases uniform within 1/√fan-in.
void draw_initial_weights(Graph& graph, uint64_t seed);

struct StartingPoint {
  Graph graph;
  formats::StateDict counters;          ///< num_batches_tracked of the weights that training starts from
  std::vector<std::string> frozen;      ///< names that match config.freeze
  vision::Preprocessing preprocessing;  ///< at config.image_size; colours as the weights know them
  std::vector<std::string> remarks;     ///< one line each: what a reader of the log should know
};

/// The zoo's model with fresh weights, or those of config.weights (a file, or a folder of the Hugging Face
/// hub) with a fresh head where they have another number of classes. kInvalidArgument names what does not
/// fit, and a pattern that matches nothing.
Result<StartingPoint> starting_point(const TrainConfig& config, size_t classes);

/// Whether `name` fits `pattern`, in which * stands for any characters.
bool matches(std::string_view pattern, std::string_view name);

}  // namespace ridgeline::train
