#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"

namespace ridgeline::passes {

/// y = scale · x + shift per channel.
struct Affine {
  std::vector<double> scale, shift;
};

/// The numbers in FP32.
Result<Tensor> channel_tensor(const std::vector<double>& values, const Shape& shape);

/// What a BatchNormalization with constant statistics does at inference; none for other nodes.
std::optional<Affine> affine_of(const Graph& graph, const Node& norm);

}  // namespace ridgeline::passes
