#include <array>

#include "graph/ops/equation.h"
#include "graph/ops/families.h"

namespace ridgeline::ops {
namespace {

Result<std::optional<Shape>> product_shape(const InferContext& context, std::optional<Shape> a,
                                           std::optional<Shape> b) {
  if (!a || !b) return std::optional<Shape>{};
  if (a->rank() == 0 || b->rank() == 0) return context.error("a scalar cannot be multiplied as a matrix");
  const bool vector_a = a->rank() == 1, vector_b = b->rank() == 1;
  if (vector_a) a->dims().insert(a->dims().begin(), 1);
  if (vector_b) b->dims().push_back(1);
  const int64_t inner_a = (*a)[a->rank() - 1], inner_b = (*b)[b->rank() - 2];
  const Shape batch_a(std::vector<int64_t>(a->begin(), a->end() - 2)),
      batch_b(std::vector<int64_t>(b->begin(), b->end() - 2));
  auto out = broadcast(batch_a, batch_b);
  if (!out || (inner_a >= 0 && inner_b >= 0 && inner_a != inner_b))
    return context.error("{} and {} cannot be multiplied", a->to_string(), b->to_string());
  if (!vector_a) out->dims().push_back((*a)[a->rank() - 2]);
  if (!vector_b) out->dims().push_back((*b)[b->rank() - 1]);
  return out;
}

Status matmul(InferContext& context) {
  ASSIGN_OR_RETURN(auto shape, product_shape(context, context.shape(0), context.shape(1)));
  context.set_output(0, context.dtype(0), shape);
  return {};
}

Status strided_matmul(InferContext& context) {
  context.set_output(0, context.dtype(0), Shape(context.node().ints_or("shape", {})));
  return {};
}

Status matmul_integer(InferContext& context) {
  ASSIGN_OR_RETURN(auto shape, product_shape(context, context.shape(0), context.shape(1)));
  context.set_output(0, DType::kI32, shape);
  return {};
}

Status qlinear_matmul(InferContext& context) {
  ASSIGN_OR_RETURN(auto shape, product_shape(context, context.shape(0), context.shape(3)));
  context.set_output(0, context.dtype(7), shape);
  return {};
}

Status gemm(InferContext& context) {
  const auto a = context.shape(0), b = context.shape(1);
  context.set_output(0, context.dtype(0), std::nullopt);
  if (!a || !b) return {};
  if (a->rank() != 2 || b->rank() != 2)
    return context.error("needs matrices, not {} and {}", a->to_string(), b->to_string());
  const bool turn_a = context.node().int_or("transA", 0) != 0,
             turn_b = context.node().int_or("transB", 0) != 0;
  const int64_t inner_a = (*a)[turn_a ? 0 : 1], inner_b = (*b)[turn_b ? 1 : 0];
  if (inner_a >= 0 && inner_b >= 0 && inner_a != inner_b)
    return context.error("{} and {} cannot be multiplied", a->to_string(), b->to_string());
  const Shape out{(*a)[turn_a ? 1 : 0], (*b)[turn_b ? 0 : 1]};
  const auto c = context.shape(2);
  if (context.has_input(2) && c && !broadcast(out, *c))
    return context.error("C of shape {} does not broadcast to {}", c->to_string(), out.to_string());
  context.set_output(0, context.dtype(0), out);
  return {};
}

Status einsum(InferContext& context) {
  context.set_output(0, context.dtype(0), std::nullopt);
  std::vector<Shape> operands;
  for (size_t i = 0; i < context.input_count(); ++i) {
    const auto shape = context.shape(i);
    if (!shape) return {};
    operands.push_back(*shape);
  }
  const auto equation = Equation::parse(context.node().string_or("equation", ""), operands);
  if (!equation.ok()) return context.error("{}", equation.status().message());
  Shape out;
  for (const char label : equation->out) out.dims().push_back(equation->extents.at(label));
  context.set_output(0, context.dtype(0), out);
  return {};
}

/// Outputs Y (seq, directions, batch, hidden), Y_h, Y_c of the recurrent ops.
Status recurrent(InferContext& context) {
  const auto x = context.shape(0);
  const int64_t hidden = context.node().int_or("hidden_size", Shape::kUnknownDim);
  const int64_t directions = context.node().string_or("direction", "forward") == "bidirectional" ? 2 : 1;
  for (size_t i = 0; i < 3; ++i) context.set_output(i, context.dtype(0), std::nullopt);
  if (!x) return {};
  if (x->rank() != 3) return context.error("needs an input of rank 3, not {}", x->to_string());
  const bool batch_first = context.node().int_or("layout", 0) == 1;
  const int64_t batch = (*x)[batch_first ? 0 : 1];
  const int64_t steps = (*x)[batch_first ? 1 : 0];
  const Shape state = batch_first ? Shape{batch, directions, hidden} : Shape{directions, batch, hidden};
  context.set_output(
      0, context.dtype(0),
      batch_first ? Shape{batch, steps, directions, hidden} : Shape{steps, directions, batch, hidden});
  context.set_output(1, context.dtype(0), state);
  context.set_output(2, context.dtype(0), state);
  return {};
}

constexpr auto kRows = std::to_array<OpRow>({
    {"Einsum", 1, kAnyNumber, einsum},
    {"FusedMatMul", 3, 3, matmul, "ridgeline"},
    {"StridedMatMul", 2, 2, strided_matmul, "ridgeline"},
    {"GRU", 3, 6, recurrent},
    {"Gemm", 2, 3, gemm},
    {"LSTM", 3, 8, recurrent},
    {"MatMul", 2, 2, matmul},
    {"MatMulInteger", 2, 4, matmul_integer},
    {"QLinearMatMul", 8, 8, qlinear_matmul},
    {"RNN", 3, 6, recurrent},
});

}  // namespace

std::span<const OpRow> matrix_ops() { return kRows; }

}  // namespace ridgeline::ops
