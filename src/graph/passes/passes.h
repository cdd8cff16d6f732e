#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "graph/infer.h"

namespace ridgeline::passes {

/// Runs one node on constant inputs (an empty Tensor stands for an absent one) and gives its outputs in
/// order. kUnsupported leaves the node in the graph; any other error ends the pass.
using Evaluator = std::function<Result<std::vector<Tensor>>(const Node&, std::span<const Tensor>)>;

struct PassOptions {
  Evaluator evaluate;                              ///< none: only shape arithmetic is folded
  int64_t max_constant_bytes = int64_t{64} << 20;  ///< larger results are left to run time
  /// Shapes to fix the inputs at; the graph then takes no others. Residual additions are only fused where
  /// all shapes are known.
  InputShapes input_shapes;
};

/// One rewriting of a graph in topological order; what the graph computes stays the same up to rounding.
struct Pass {
  std::string_view name;
  Status (*run)(Graph& graph, const PassOptions& options);
};

/// In the order in which they help each other.
std::span<const Pass> all_passes();

/// Runs all passes. An error names the pass and leaves `graph` as it was.
Status optimize(Graph& graph, const PassOptions& options);

/// Writes the options' input shapes into the graph.
Status fix_input_shapes(Graph& graph, const PassOptions& options);
/// Drops Identity and (at inference) Dropout.
Status remove_identities(Graph& graph, const PassOptions& options);
/// Turns nodes whose inputs are all constant, and integers that follow from shapes, into initializers.
/// QuantizeLinear and DequantizeLinear stay, so that quantised weights stay small.
Status fold_constants(Graph& graph, const PassOptions& options);
/// Multiplies a BatchNormalization into the FP32 Conv, ConvTranspose or Gemm before it.
Status fold_batch_norms(Graph& graph, const PassOptions& options);
/// Writes the BatchNormalizations of images that were left as convolutions of each channel by one number, so
/// that what follows them is fused as it is behind other convolutions.
Status spread_batch_norms(Graph& graph, const PassOptions& options);
/// Conv, the addition of a residual of the same shape and an activation become one ridgeline.FusedConv with
/// inputs X, W, B and residual, Conv's attributes, and the string attribute "activation" ("", "Relu", "Clip"
/// with floats "min" and "max", "HardSwish", "Silu" for x · sigmoid(x)). Its name is those of the fused nodes
/// joined by "+".
Status fuse_convs(Graph& graph, const PassOptions& options);
/// The five operators that exporters write for x / 2 · (1 + erf(x / √2)) become one Gelu, named after them as
/// a FusedConv is.
Status fuse_gelus(Graph& graph, const PassOptions& options);
/// Drops nodes and initializers that no output depends on.
Status remove_dead_code(Graph& graph, const PassOptions& options);

}  // namespace ridgeline::passes
