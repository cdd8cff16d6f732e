#include <algorithm>
#include <array>
#include <cmath>

#include "cost/op_view.h"
#include "graph/ops/equation.h"

// Sources: the operators' definitions in the ONNX specification. `macs` count as two FLOPs each; `flops` is
// the rest.
namespace ridgeline::cost {
namespace {

constexpr double kRequantize = 5;  // as QuantizeLinear: multiply, round, add the zero point, max, min

Status too_few_dims(const OpView& op) {
  return unsupported("{}: an operand has too few dimensions for the op", op.node().describe());
}

double dim(const Shape& shape, size_t axis) { return static_cast<double>(shape[axis]); }

/// N·OUT·H·W sums of IN/groups·K terms.
Result<Arithmetic> convolution(const OpView& op, size_t weight, double per_output) {
  if (op.in(weight).rank() < 3) return too_few_dims(op);
  return Arithmetic{op.out_count() * product_from(op.in(weight), 1), per_output * op.out_count()};
}

Result<Arithmetic> conv(const OpView& op) { return convolution(op, 1, 0); }
Result<Arithmetic> qlinear_conv(const OpView& op) { return convolution(op, 3, kRequantize); }

/// Each input element goes into OUT/groups·K sums.
Result<Arithmetic> conv_transpose(const OpView& op) {
  if (op.in(1).rank() < 3) return too_few_dims(op);
  return Arithmetic{op.in_count(0) * product_from(op.in(1), 1), 0};
}

/// A convolution over values that are each interpolated from four neighbours, and scaled where there is a
/// mask.
Result<Arithmetic> deform_conv(const OpView& op) {
  ASSIGN_OR_RETURN(Arithmetic arithmetic, conv(op));
  if (op.in(0).rank() < 3 || op.out().rank() < 3) return too_few_dims(op);
  const double samples =
      dim(op.in(0), 0) * dim(op.in(0), 1) * product_from(op.in(1), 2) * product_from(op.out(), 2);
  arithmetic.flops = samples * (op.has_in(4) ? 9 : 8);
  return arithmetic;
}

Result<Arithmetic> gemm(const OpView& op) {
  if (op.in(0).rank() != 2) return too_few_dims(op);
  const double terms = dim(op.in(0), op.node().int_or("transA", 0) != 0 ? 0 : 1);
  const double scalings = (op.node().float_or("alpha", 1) != 1 ? 1 : 0) +
                          (op.has_in(2) && op.node().float_or("beta", 1) != 1 ? 1 : 0);
  return Arithmetic{op.out_count() * terms, op.out_count() * scalings};
}

Result<Arithmetic> product(const OpView& op, double per_output) {
  if (op.in(0).rank() < 1) return too_few_dims(op);
  return Arithmetic{op.out_count() * dim(op.in(0), op.in(0).rank() - 1), per_output * op.out_count()};
}

Result<Arithmetic> matmul(const OpView& op) { return product(op, 0); }
Result<Arithmetic> qlinear_matmul(const OpView& op) { return product(op, kRequantize); }

/// One multiply-accumulate per combination of all indices and per operand beyond the first.
Result<Arithmetic> einsum(const OpView& op) {
  std::vector<Shape> operands;
  for (size_t i = 0; op.has_in(i); ++i) operands.push_back(op.in(i));
  const auto equation = ops::Equation::parse(op.node().string_or("equation", ""), operands);
  if (!equation.ok()) return invalid_argument("{}: {}", op.node().describe(), equation.status().message());
  double combinations = 1;
  for (const auto& [label, extent] : equation->extents) combinations *= static_cast<double>(extent);
  if (operands.size() == 1) return Arithmetic{0, combinations};
  return Arithmetic{combinations * static_cast<double>(operands.size() - 1), 0};
}

/// Per step and image every weight once, and `per_hidden` operations for each of the hidden values.
Result<Arithmetic> recurrent(const OpView& op, double per_hidden) {
  if (op.in(0).rank() != 3 || op.in(1).rank() != 3 || op.in(2).rank() != 3) return too_few_dims(op);
  const double steps = dim(op.in(0), 0) * dim(op.in(0), 1);
  const double hidden = dim(op.in(2), 0) * dim(op.in(2), 2);
  return Arithmetic{steps * (op.in_count(1) + op.in_count(2)), steps * hidden * per_hidden};
}

Result<Arithmetic> lstm(const OpView& op) { return recurrent(op, 18); }  // 3 sigmoid, 2 tanh, 3 mul, 1 add
Result<Arithmetic> gru(const OpView& op) { return recurrent(op, 14); }   // 2 sigmoid, tanh, gate, 4 to blend
Result<Arithmetic> rnn(const OpView& op) { return recurrent(op, 1); }

double window(const OpView& op) {
  double taps = 1;
  for (const int64_t size : op.node().ints_or("kernel_shape", {})) taps *= static_cast<double>(size);
  return taps;
}

Result<Arithmetic> max_pool(const OpView& op) { return Arithmetic{0, op.out_count() * window(op)}; }
Result<Arithmetic> average_pool(const OpView& op) { return Arithmetic{0, op.out_count() * (window(op) + 1)}; }
Result<Arithmetic> lp_pool(const OpView& op) { return Arithmetic{0, op.out_count() * (2 * window(op) + 1)}; }

/// Square, sum over `size` channels; multiply, add, power, divide.
Result<Arithmetic> lrn(const OpView& op) {
  return Arithmetic{0, op.out_count() * (static_cast<double>(op.node().int_or("size", 1)) + 4)};
}

/// A multiply and an add per tap; `axes` are those that are interpolated.
double interpolation(std::string_view mode, double axes) {
  if (mode == "nearest") return 0;
  return 2 * std::pow(mode == "cubic" || mode == "bicubic" ? 4 : 2, axes);
}

Result<Arithmetic> resize(const OpView& op) {
  if (op.in(0).rank() != op.out().rank()) return too_few_dims(op);
  double axes = 0;
  for (size_t axis = 0; axis < op.out().rank(); ++axis) axes += op.in(0)[axis] != op.out()[axis] ? 1 : 0;
  if (axes == 0) return Arithmetic{};
  return Arithmetic{0, op.out_count() * interpolation(op.node().string_or("mode", "nearest"), axes)};
}

/// Interpolation per value, and four operations to place each coordinate.
Result<Arithmetic> grid_sample(const OpView& op) {
  if (op.in(0).rank() < 3) return too_few_dims(op);
  const double axes = static_cast<double>(op.in(0).rank() - 2);
  return Arithmetic{
      0, op.out_count() * interpolation(op.node().string_or("mode", "linear"), axes) + 4 * op.in_count(1)};
}

Result<Arithmetic> affine_grid(const OpView& op) {
  if (op.out().rank() < 1) return too_few_dims(op);
  return Arithmetic{0, op.out_count() * 2 * dim(op.out(), op.out().rank() - 1)};
}

/// Samples per output: the given ratio squared, or at most one per input pixel under a region of the whole
/// map.
Result<Arithmetic> roi_align(const OpView& op) {
  if (op.in(0).rank() != 4 || op.out().rank() != 4) return too_few_dims(op);
  const double ratio = static_cast<double>(op.node().int_or("sampling_ratio", 0));
  double samples = ratio * ratio;
  if (ratio <= 0)
    samples = std::ceil(dim(op.in(0), 2) / dim(op.out(), 2)) * std::ceil(dim(op.in(0), 3) / dim(op.out(), 3));
  return Arithmetic{0, op.out_count() * (9 * samples + 1)};
}

/// At most: every region covers the whole map.
Result<Arithmetic> max_roi_pool(const OpView& op) {
  if (op.in(0).rank() != 4 || op.in(1).rank() != 2) return too_few_dims(op);
  return Arithmetic{0, dim(op.in(1), 0) * product_from(op.in(0), 1)};
}

double log2_at_least_1(double value) { return std::max(1.0, std::ceil(std::log2(std::max(value, 2.0)))); }

/// Comparisons of a heap that holds the K best.
Result<Arithmetic> top_k(const OpView& op) {
  if (op.out().rank() < 1) return too_few_dims(op);
  const int64_t rank = static_cast<int64_t>(op.out().rank());
  const int64_t axis = (op.node().int_or("axis", -1) % rank + rank) % rank;
  return Arithmetic{0, op.in_count(0) * log2_at_least_1(dim(op.out(), static_cast<size_t>(axis)))};
}

Result<Arithmetic> unique(const OpView& op) {
  return Arithmetic{0, op.in_count(0) * log2_at_least_1(op.in_count(0))};
}

/// Sort the scores; for each box kept, the overlap (12 operations) with every box of its class.
Result<Arithmetic> non_max_suppression(const OpView& op) {
  if (op.in(0).rank() != 3 || op.out().rank() != 2) return too_few_dims(op);
  const double boxes = dim(op.in(0), 1);
  return Arithmetic{0, op.in_count(1) * log2_at_least_1(boxes) + dim(op.out(), 0) * boxes * 12};
}

Result<Arithmetic> variadic(const OpView& op) {
  return Arithmetic{0, op.out_count() * static_cast<double>(op.node().inputs.size() - 1)};
}
Result<Arithmetic> mean(const OpView& op) {
  return Arithmetic{0, op.out_count() * static_cast<double>(op.node().inputs.size())};
}

/// x·(1 + erf(x/√2))/2, or with tanh(√(2/π)·(x + 0.044715·x³)) in the place of erf.
Result<Arithmetic> gelu(const OpView& op) {
  return Arithmetic{0, op.out_count() * (op.node().string_or("approximate", "none") == "tanh" ? 9 : 5)};
}

/// Copies, and combines each update where there is a reduction.
Result<Arithmetic> scatter(const OpView& op) {
  return Arithmetic{0, op.node().string_or("reduction", "none") == "none" ? 0 : op.in_count(2)};
}

/// LU decomposition, 2/3·n³ for each matrix.
Result<Arithmetic> det(const OpView& op) {
  if (op.in(0).rank() < 2) return too_few_dims(op);
  return Arithmetic{0, op.in_count(0) * dim(op.in(0), op.in(0).rank() - 1) * 2 / 3};
}

struct FormulaRow {
  std::string_view op;
  Formula formula;
};

constexpr FormulaRow kFormulas[] = {
    {"AffineGrid", affine_grid},
    {"AveragePool", average_pool},
    {"Conv", conv},
    {"ConvInteger", conv},
    {"ConvTranspose", conv_transpose},
    {"DeformConv", deform_conv},
    {"Det", det},
    {"Einsum", einsum},
    {"GRU", gru},
    {"Gelu", gelu},
    {"Gemm", gemm},
    {"GridSample", grid_sample},
    {"LRN", lrn},
    {"LSTM", lstm},
    {"LpPool", lp_pool},
    {"MatMul", matmul},
    {"MatMulInteger", matmul},
    {"Max", variadic},
    {"MaxPool", max_pool},
    {"MaxRoiPool", max_roi_pool},
    {"Mean", mean},
    {"Min", variadic},
    {"NonMaxSuppression", non_max_suppression},
    {"QLinearConv", qlinear_conv},
    {"QLinearMatMul", qlinear_matmul},
    {"RNN", rnn},
    {"Resize", resize},
    {"RoiAlign", roi_align},
    {"ScatterElements", scatter},
    {"ScatterND", scatter},
    {"Sum", variadic},
    {"TopK", top_k},
    {"Unique", unique},
};

}  // namespace

Formula find_formula(std::string_view op) {
  const auto* found = std::ranges::find(kFormulas, op, &FormulaRow::op);
  return found == std::end(kFormulas) ? nullptr : found->formula;
}

}  // namespace ridgeline::cost
