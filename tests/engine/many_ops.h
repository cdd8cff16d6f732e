#pragma once

#include "graph/graph.h"

namespace ridgeline {

/// A model of input "x" (2 × 8 × 12 × 10, FP32) that applies to it nearly every operator that native runs;
/// each result is an output, named after its operator and a number.
Graph many_ops();

}  // namespace ridgeline
