#include "graph/passes/passes.h"
#include "graph/passes/rewriter.h"

namespace ridgeline::passes {

Status fold_dequantized(Graph& graph, const PassOptions& options) {
  if (!options.evaluate) return {};
  Rewriter rewriter(graph);
  for (size_t index = 0; index < rewriter.node_count(); ++index) {
    const Node& node = rewriter.node(index);
    if (!node.domain.empty() || node.op != "DequantizeLinear" || rewriter.is_graph_output(node.outputs[0]) ||
        !rewriter.is_read(node.outputs[0]))
      continue;
    std::vector<Tensor> inputs;
    for (const std::string& input : node.inputs) {
      const Tensor* constant = graph.initializer(input);
      if (!input.empty() && constant == nullptr) break;
      inputs.push_back(input.empty() ? Tensor() : *constant);
    }
    if (inputs.size() != node.inputs.size() || inputs[0].element_count() * 4 > options.max_constant_bytes)
      continue;
    Result<std::vector<Tensor>> outputs = options.evaluate(node, inputs);
    if (!outputs.ok() && outputs.status().code() == ErrorCode::kUnsupported) continue;
    if (!outputs.ok()) return std::move(outputs).status().with_context(node.describe());
    graph.initializers[node.outputs[0]] = std::move(outputs->at(0));
    rewriter.drop(index);
  }
  rewriter.finish();
  return {};
}

}  // namespace ridgeline::passes
