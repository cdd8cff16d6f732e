#pragma once

#include <vector>

#include "graph/graph.h"
#include "quantize/plan.h"
#include "quantize/qdq.h"

namespace ridgeline::quantize {

/// x (2×3×8×8) → conv1, Relu r1 → MaxPool p → conv2 c2, + p, Relu s → average over the image g → Flatten f →
/// Gemm fc → y (2×5). Weights are seeded; each output channel has its own magnitude.
Graph small_model();

/// As calibration on seeded normal images finds them.
Ranges ranges_of_small_model();

/// The outputs of `graph`, of small_model()'s input, for seeded normal images, on the native engine.
std::vector<Tensor> run_small_model(const Graph& graph);

/// Two seeded normal images.
Tensor small_images(uint64_t seed);

}  // namespace ridgeline::quantize
