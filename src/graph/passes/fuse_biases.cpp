#include "graph/passes/passes.h"
#include "graph/passes/rewriter.h"

namespace ridgeline::passes {
namespace {

/// The input of `add` that is a constant for each of so many columns.
std::optional<size_t> row_of_constants(const Graph& graph, const Node& add, int64_t columns) {
  for (size_t input = 0; input < add.inputs.size(); ++input)
    if (const Tensor* bias = f32_constant(graph, add, input, 1);
        bias != nullptr && bias->shape()[0] == columns)
      return input;
  return std::nullopt;
}

void fuse(Rewriter& rewriter, size_t index) {
  const Graph& graph = rewriter.graph();
  Node product = rewriter.node(index);
  const Tensor* matrix = f32_constant(graph, product, 1, 2);
  const auto next = rewriter.only_reader(product.outputs[0]);
  if (matrix == nullptr || !product.attributes.empty() || !next || !is_plain(rewriter.node(*next), "Add"))
    return;
  Node& add = rewriter.node(*next);
  const auto bias = row_of_constants(graph, add, matrix->shape()[1]);
  if (!bias) return;
  product.inputs.push_back(add.inputs[*bias]);
  product.op = "FusedMatMul";
  product.domain = "ridgeline";
  product.name += "+" + add.name;
  product.outputs = add.outputs;
  add = std::move(product);
  rewriter.drop(index);
}

}  // namespace

Status fuse_biases(Graph& graph, const PassOptions&) {
  Rewriter rewriter(graph);
  for (size_t index = 0; index < rewriter.node_count(); ++index)
    if (is_plain(rewriter.node(index), "MatMul")) fuse(rewriter, index);
  rewriter.finish();
  return {};
}

}  // namespace ridgeline::passes
