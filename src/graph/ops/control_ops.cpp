#include <array>

#include "graph/ops/families.h"

namespace ridgeline::ops {
namespace {

constexpr int kMaxNesting = 16;

Result<Scope> infer_body(InferContext& context, std::string_view attribute, const InputShapes& shapes) {
  const Graph* body = context.node().subgraph(attribute);
  if (body == nullptr) return context.error("attribute '{}' holds no graph", attribute);
  int depth = 0;
  for (const Scope* scope = &context.scope(); scope != nullptr; scope = scope->outer) ++depth;
  if (depth > kMaxNesting) return context.error("graphs are nested more than {} deep", kMaxNesting);
  ASSIGN_OR_RETURN(Scope inner, infer_scope(*body, shapes, &context.scope(), context.scope().data_sizes));
  TypeMap& nested = context.scope().nested;
  nested.insert(inner.types.begin(), inner.types.end());
  nested.merge(inner.nested);
  return inner;
}

ValueType output_type(const Scope& scope, const Graph& body, size_t i) {
  const ValueType* type = i < body.outputs.size() ? scope.type(body.outputs[i].name) : nullptr;
  return type == nullptr ? ValueType{} : *type;
}

/// What two branches agree on.
std::optional<Shape> common_shape(const std::optional<Shape>& a, const std::optional<Shape>& b) {
  if (!a || !b || a->rank() != b->rank()) return std::nullopt;
  Shape common = *a;
  for (size_t i = 0; i < common.rank(); ++i)
    if (common[i] != (*b)[i]) common[i] = Shape::kUnknownDim;
  return common;
}

/// Of the branch that is taken where that is known, else what both agree on.
Status if_else(InferContext& context) {
  ASSIGN_OR_RETURN(const Scope yes, infer_body(context, "then_branch", {}));
  ASSIGN_OR_RETURN(const Scope no, infer_body(context, "else_branch", {}));
  const auto condition = context.ints(0);
  const bool is_decided = condition && condition->size() == 1;
  for (size_t i = 0; i < context.node().outputs.size(); ++i) {
    const ValueType a = output_type(yes, *yes.graph, i), b = output_type(no, *no.graph, i);
    if (is_decided)
      context.set_output(i, a.dtype, condition->front() != 0 ? a.shape : b.shape);
    else
      context.set_output(i, a.dtype, common_shape(a.shape, b.shape));
  }
  return {};
}

/// Carried values may change shape from turn to turn: their dimensions are unknown unless the body keeps
/// them.
Status loop(InferContext& context) {
  ASSIGN_OR_RETURN(const Scope body, infer_body(context, "body", {}));
  const size_t carried = context.input_count() < 2 ? 0 : context.input_count() - 2;
  for (size_t i = 0; i < context.node().outputs.size(); ++i) {
    ValueType type = output_type(body, *body.graph, i + 1);
    if (i < carried)
      type.shape = common_shape(type.shape, context.shape(i + 2));
    else if (type.shape)
      type.shape->dims().insert(type.shape->dims().begin(), Shape::kUnknownDim);
    context.set_output(i, type.dtype, type.shape);
  }
  return {};
}

Status scan(InferContext& context) {
  ASSIGN_OR_RETURN(const Scope body, infer_body(context, "body", {}));
  const int64_t scanned = context.node().int_or("num_scan_inputs", 1);
  const int64_t states = static_cast<int64_t>(context.input_count()) - scanned;
  if (scanned < 1 || states < 0)
    return context.error("attribute 'num_scan_inputs' does not fit {} inputs", context.input_count());
  const auto sequence = context.shape(static_cast<size_t>(states));
  for (size_t i = 0; i < context.node().outputs.size(); ++i) {
    ValueType type = output_type(body, *body.graph, i);
    if (static_cast<int64_t>(i) >= states && type.shape)
      type.shape->dims().insert(type.shape->dims().begin(),
                                sequence && sequence->rank() > 0 ? (*sequence)[0] : Shape::kUnknownDim);
    context.set_output(i, type.dtype, type.shape);
  }
  return {};
}

constexpr auto kRows = std::to_array<OpRow>({
    {"If", 1, 1, if_else},
    {"Loop", 2, kAnyNumber, loop},
    {"Scan", 1, kAnyNumber, scan},
});

}  // namespace

std::span<const OpRow> control_ops() { return kRows; }

}  // namespace ridgeline::ops
