#include "engine/native/line_product.h"

#include "engine/native/packing.h"
#include "kernels/lines/conv.h"
#include "kernels/lines/image.h"
#include "kernels/select.h"

namespace ridgeline::native {
namespace {

namespace lines = kernels::lines;

constexpr lines::Numbers kNumbers = lines::Numbers::kBf16;

bool has_row_of_biases(const BuildContext& context) {
  if (!context.has(2)) return true;
  const Shape& bias = context.input(2).shape;
  return bias.element_count() == context.input(1).shape[context.node.int_or("transB", 0) != 0 ? 0 : 1] &&
         bias[bias.rank() - 1] == bias.element_count();
}

/// The constant matrix as [columns, terms], which a pointwise convolution's weights are.
Result<Tensor> transposed(const TensorView& matrix) {
  const int64_t terms = matrix.shape[0], columns = matrix.shape[1];
  ASSIGN_OR_RETURN(Tensor turned, Tensor::zeros(DType::kF32, {columns, terms}));
  const auto from = matrix.as<float>();
  auto to = turned.as<float>();
  for (int64_t column = 0; column < columns; ++column)
    for (int64_t term = 0; term < terms; ++term)
      to[static_cast<size_t>(column * terms + term)] = from[static_cast<size_t>(term * columns + column)];
  return turned;
}

/// The rows, the columns and the memory between them.
struct Parts {
  lines::RowTurn in, out;
  lines::LineConvDesc conv;
  size_t in_bytes = 0, out_bytes = 0;
};

Parts parts_of(const BuildContext& context) {
  const TensorView &a = context.input(0), &c = context.output(0);
  const int64_t terms = a.shape[a.shape.rank() - 1], columns = c.shape[c.shape.rank() - 1];
  const int64_t rows = columns == 0 ? 0 : c.shape.element_count() / columns;
  Parts parts{.in = {rows, terms, kNumbers}, .out = {rows, columns, kNumbers}, .conv = {.numbers = kNumbers}};
  parts.conv.conv = {
      .in_channels = terms, .out_channels = columns, .threads = context.threads, .has_bias = context.has(2)};
  parts.conv.conv.window.in = parts.conv.conv.window.out = {1, 1, rows};
  parts.in_bytes = static_cast<size_t>(lines::lines_of(parts.in)) * sizeof(lines::Line);
  parts.out_bytes = static_cast<size_t>(lines::lines_of(parts.out)) * sizeof(lines::Line);
  return parts;
}

}  // namespace

bool is_line_product(const BuildContext& context) {
  const Node& node = context.node;
  const bool is_product = node.domain.empty() ? node.op == "Gemm" || node.op == "MatMul"
                                              : node.domain == "ridgeline" && node.op == "FusedMatMul";
  if (!is_product) return false;
  const bool is_plain =
      node.int_or("transA", 0) == 0 && node.float_or("alpha", 1) == 1 && node.float_or("beta", 1) == 1;
  return is_plain && context.is_constant(1) && context.input(1).dtype == DType::kF32 &&
         context.input(1).shape.rank() == 2 && context.input(0).shape.rank() >= 2 &&
         context.input(0).shape.element_count() > lines::kChannels / 2 && has_row_of_biases(context);
}

Result<Built> build_line_product(const BuildContext& context) {
  const Parts parts = parts_of(context);
  const auto choice = kernels::select(lines::conv_impls(), parts.conv, context.cpu);
  const lines::LineConvImpl& impl = *choice.impl;
  Tensor turned;
  TensorView matrix = context.input(1);
  if (context.node.int_or("transB", 0) == 0) {
    ASSIGN_OR_RETURN(turned, transposed(context.input(1)));
    matrix = turned.view();
  }
  ASSIGN_OR_RETURN(const void* weights, pack(context, impl, parts.conv, matrix, turned));
  const size_t own_bytes = parts.in_bytes + parts.out_bytes;
  Run run = [parts, weights, own_bytes, run = impl.run, a = *context.in[0], bias = context.slot(2),
             out = context.out[0], scratch = context.scratch,
             &kernels = lines::line_kernels(context.cpu, kNumbers)](Slots slots, ThreadPool& pool) -> Status {
    std::byte* const memory = slots[scratch].data;
    auto* const in_lines = reinterpret_cast<lines::Line*>(memory);
    auto* const out_lines = reinterpret_cast<lines::Line*>(memory + parts.in_bytes);
    lines::from_rows(kernels, parts.in, floats(slots, a), in_lines, pool);
    run(parts.conv,
        {.in = in_lines,
         .weights = weights,
         .bias = floats(slots, bias),
         .out = out_lines,
         .scratch = memory + own_bytes},
        pool);
    lines::to_rows(kernels, parts.out, out_lines, slots[out].as<float>().data(), pool);
    return {};
  };
  return Built{std::string(impl.name), std::move(run), own_bytes + impl.scratch_bytes(parts.conv), {1}};
}

}  // namespace ridgeline::native
