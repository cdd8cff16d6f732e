#include "graph/passes/passes.h"
#include "graph/passes/rewriter.h"

namespace ridgeline::passes {
namespace {

/// Whether `value` is a matrix of so many columns.
bool is_of_columns(const TypeMap& types, const std::string& value, int64_t columns) {
  const auto type = types.find(value);
  return type != types.end() && type->second.shape && type->second.shape->rank() == 2 &&
         (*type->second.shape)[1] == columns;
}

void flatten_before(Rewriter& rewriter, const TypeMap& types, size_t index) {
  Node& product = rewriter.node(index);
  const Tensor* const matrix = f32_constant(rewriter.graph(), product, 1, 2);
  const auto next = rewriter.only_reader(product.outputs[0]);
  if (matrix == nullptr || !next) return;
  Node& flatten = rewriter.node(*next);
  const bool is_frame = is_plain(flatten, "Flatten") || is_plain(flatten, "Reshape");
  const auto norm = is_frame ? rewriter.only_reader(flatten.outputs[0]) : std::nullopt;
  if (!norm || !is_plain(rewriter.node(*norm), "BatchNormalization") ||
      !is_of_columns(types, flatten.outputs[0], matrix->shape()[1]))
    return;
  Node rows{.name = flatten.name,
            .op = "Flatten",
            .inputs = {product.inputs[0]},
            .outputs = {product.outputs[0]},
            .attributes = {{"axis", int64_t{-1}}}};
  flatten = {.name = product.name,
             .op = "Gemm",
             .inputs = {product.outputs[0], product.inputs[1]},
             .outputs = flatten.outputs};
  product = std::move(rows);
}

}  // namespace

Status flatten_products(Graph& graph, const PassOptions&) {
  ASSIGN_OR_RETURN(const TypeMap types, infer_types(graph));
  Rewriter rewriter(graph);
  for (size_t index = 0; index < rewriter.node_count(); ++index)
    if (is_plain(rewriter.node(index), "MatMul")) flatten_before(rewriter, types, index);
  return {};
}

}  // namespace ridgeline::passes
