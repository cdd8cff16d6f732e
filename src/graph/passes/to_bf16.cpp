#include "graph/passes/to_bf16.h"

#include "graph/onnx_dtype.h"
#include "graph/passes/rewriter.h"
#include "tensor/half.h"

namespace ridgeline::passes {

Status to_bf16(Graph& graph) {
  Graph converted = graph;
  converted.source = {};
  Rewriter names(converted);
  std::vector<Node> casts;
  for (const auto& [name, tensor] : graph.initializers) {
    if (tensor.dtype() != DType::kF32 || tensor.shape().rank() < 2) continue;
    const std::string narrow = names.fresh_name(name + "/bf16");
    ASSIGN_OR_RETURN(converted.initializers[narrow], convert(tensor, DType::kBF16));
    converted.initializers.erase(name);
    casts.push_back({.name = name + "/cast",
                     .op = "Cast",
                     .inputs = {narrow},
                     .outputs = {name},
                     .attributes = {{"to", onnx_number_of(DType::kF32)}}});
  }
  converted.nodes.insert(converted.nodes.begin(), casts.begin(), casts.end());
  graph = std::move(converted);
  return {};
}

}  // namespace ridgeline::passes
