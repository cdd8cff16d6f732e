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
  /// Floats between a DequantizeLinear and a QuantizeLinear are computed as integers; else as they are.
  bool computes_in_integers = false;
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
/// An FP32 Einsum of two operands of known shapes that is a product of matrices becomes a MatMul, with the
/// Transposes and Reshapes that it needs.
Status multiply_einsums(Graph& graph, const PassOptions& options);
/// Turns nodes whose inputs are all constant, and integers that follow from shapes, into initializers.
/// QuantizeLinear and DequantizeLinear stay, so that quantised weights stay small.
Status fold_constants(Graph& graph, const PassOptions& options);
/// What stands between an input of bytes (u8, N × H × W × C or N × C × H × W of up to four channels) and an
/// FP32 image of it (moves of channels, Cast, additions and products of a number or of one for each channel)
/// becomes one ridgeline.ReadPixels (X) with the string attribute "layout" ("NHWC", "NCHW") of X, the
/// integers "channels", which of X's each channel of the image is, and of each the tensors "scale" and
/// "shift" by which its levels become level · scale + shift. Where computes_in_integers is set and a
/// QuantizeLinear follows, it is part of it; the tensor "table", [channels, 256], then has the steps of all
/// levels.
Status read_pixels(Graph& graph, const PassOptions& options);
/// A ReduceMean over rows and columns of images becomes the GlobalAveragePool that it is, with a Flatten
/// behind it where it drops them.
Status name_global_pools(Graph& graph, const PassOptions& options);
/// Adds zeros that a Pad puts around images to the pads of the Conv that reads them.
Status fold_pads(Graph& graph, const PassOptions& options);
/// Cuts off the outer taps of an FP32 Conv that meet nothing but padding, as those of large dilations or on
/// small images do.
Status trim_kernels(Graph& graph, const PassOptions& options);
/// Images whose channels a Transpose moves last and another back again stay as they are, where what lies
/// between works on each pixel's channels or on each element: LayerNormalization becomes a
/// ridgeline.NormalizeChannels (X, scale, bias) with the attribute "epsilon", a MatMul by a constant matrix a
/// Conv of 1 x 1. So ConvNeXts are written. Those named first are joined by "+" with what they take in.
Status keep_channels(Graph& graph, const PassOptions& options);
/// Sums and products of an image and a number, or one for each of its channels, become a BatchNormalization;
/// several in a row, or behind one, a single one. Images are what convolutions and pools leave, and what is
/// computed of them element by element; not in quantised models, whose integers are to stay next to each
/// other.
Status name_affines(Graph& graph, const PassOptions& options);
/// A MatMul by a constant matrix whose rows are then laid in one matrix for a BatchNormalization becomes the
/// Gemm of rows that are laid so before, into which that can be folded.
Status flatten_products(Graph& graph, const PassOptions& options);
/// Multiplies a BatchNormalization into the FP32 Conv, ConvTranspose or Gemm before it.
Status fold_batch_norms(Graph& graph, const PassOptions& options);
/// Writes the BatchNormalizations of images that were left as convolutions of each channel by one number, so
/// that what follows them is fused as it is behind other convolutions; those of rows as a Mul and an Add.
Status spread_batch_norms(Graph& graph, const PassOptions& options);
/// Conv, the addition of a residual of the same shape and an activation become one ridgeline.FusedConv with
/// inputs X, W, B and residual, Conv's attributes, and the string attribute "activation" ("", "Relu", "Clip"
/// with floats "min" and "max", "HardSwish", "Silu" for x · sigmoid(x)). Its name is those of the fused nodes
/// joined by "+".
Status fuse_convs(Graph& graph, const PassOptions& options);
/// The five operators that exporters write for x / 2 · (1 + erf(x / √2)) become one Gelu, named after them as
/// a FusedConv is.
Status fuse_gelus(Graph& graph, const PassOptions& options);
/// Conv or FusedConv, Gemm or MatMul between DequantizeLinear and, where there is one, QuantizeLinear become
/// one ridgeline.QuantizedConv (X, W, B, residual) or QuantizedGemm (X, W [columns, terms], B) on integers,
/// with the Relu, the Clip and the addition behind them. X and residual are u8 or i8, W is i8 and B FP32.
/// Attributes beside Conv's: "x_zero_point"; "sum_scales", what a step of each channel's sums is worth; where
/// the sums are rounded before the residual is added, "middle_scale", "middle_zero_point" and the least and
/// the most step "middle_low" and "middle_high"; "residual_scale" and "residual_zero_point"; "y_type" ("u8",
/// "i8", "f32") with "y_scale" to "y_high" for integers, and the bounds "min" and "max" for FP32. Other Adds
/// of two dequantised tensors of one shape become a QuantizedAdd (operands "a_" and "b_"). What nodes round
/// to stays the same, up to where FP32 itself rounds otherwise.
Status fuse_quantized_layers(Graph& graph, const PassOptions& options);
/// What else lies between DequantizeLinear and QuantizeLinear: moves and MaxPool run on the integers as they
/// are; functions of one element, and changes of scale, become a ridgeline.Lookup of each byte in a table of
/// 256; averages a QuantizedAveragePool (operand "x_"). Of an image whose elements are a function of steps
/// that others need too, as squeeze and excitation has it, a mean becomes a ridgeline.LookupMean and the
/// product with such factors of its channels a ridgeline.LookupProduct: each operand is followed by the 256
/// values of its steps. What is moved before it is quantised is moved afterwards.
Status stay_in_integers(Graph& graph, const PassOptions& options);
/// Where floats stay floats: a QuantizeLinear whose integers are only turned back becomes a
/// ridgeline.RoundToSteps with the float attributes "y_scale" and, counted from the zero point, "y_low" and
/// "y_high". Convolutions take it into their FusedConv under the same names; and an addition behind it, with
/// the Relu or Clip and the rounding that follow, by which their own rounding becomes "sum_scale", "sum_low"
/// and "sum_high".
Status round_in_floats(Graph& graph, const PassOptions& options);
/// An FP32 MatMul by a constant matrix and the addition of a constant to each column behind it become one
/// ridgeline.FusedMatMul with inputs A, B and bias, named after both.
Status fuse_biases(Graph& graph, const PassOptions& options);
/// A MatMul of computed FP32 matrices takes in the moves before and behind it and the numbers that they are
/// multiplied with, as attention has them: a ridgeline.StridedMatMul of A and B with the integers "sizes"
/// (the batch axes, rows, terms, columns), "a" and "b" (where the first element is, and the step along each
/// axis), "y" (the step along each axis of the result) and "shape" (its own), and the float "alpha".
Status stride_products(Graph& graph, const PassOptions& options);
/// What is left of DequantizeLinear on constants becomes FP32 constants, for float kernels that pack them.
Status fold_dequantized(Graph& graph, const PassOptions& options);
/// Drops nodes and initializers that no output depends on.
Status remove_dead_code(Graph& graph, const PassOptions& options);

}  // namespace ridgeline::passes
