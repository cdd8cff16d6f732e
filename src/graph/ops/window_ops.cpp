#include <array>

#include "graph/ops/declared_type.h"
#include "graph/ops/families.h"
#include "graph/ops/window.h"

namespace ridgeline::ops {
namespace {

std::vector<int64_t> spatial_of(const Shape& shape) { return {shape.begin() + 2, shape.end()}; }

Shape with_window(int64_t batch, int64_t channels, const Window& window) {
  std::vector<int64_t> dims = {batch, channels};
  dims.insert(dims.end(), window.output.begin(), window.output.end());
  return Shape(std::move(dims));
}

/// The kernel's spatial size: from the weights' shape, checked against the attribute.
Result<std::vector<int64_t>> kernel_of(const InferContext& context, const Shape& weights) {
  const std::vector<int64_t> kernel = spatial_of(weights);
  const std::vector<int64_t> declared = context.node().ints_or("kernel_shape", kernel);
  for (size_t i = 0; i < kernel.size(); ++i)
    if (declared.size() != kernel.size() || (kernel[i] >= 0 && kernel[i] != declared[i]))
      return context.error("attribute 'kernel_shape' contradicts weights of shape {}", weights.to_string());
  return declared;
}

bool may_equal(int64_t a, int64_t b) { return a < 0 || b < 0 || a == b; }

struct ConvInputs {
  size_t weights;
  DType output;
};

Status conv_like(InferContext& context, const ConvInputs& at) {
  const auto x = context.shape(0), w = context.shape(at.weights);
  context.set_output(0, at.output, std::nullopt);
  if (!x || !w) return {};
  if (x->rank() < 3 || x->rank() != w->rank())
    return context.error("input {} and weights {} do not fit together", x->to_string(), w->to_string());
  const int64_t group = context.node().int_or("group", 1);
  const bool channels_fit = group >= 1 && group < (1 << 24) &&
                            ((*w)[1] < 0 || may_equal((*x)[1], (*w)[1] * group)) &&
                            ((*w)[0] < 0 || (*w)[0] % group == 0);
  if (!channels_fit)
    return context.error("input {} and weights {} do not fit together in {} groups", x->to_string(),
                         w->to_string(), group);
  ASSIGN_OR_RETURN(std::vector<int64_t> kernel, kernel_of(context, *w));
  for (const int64_t extent : kernel)
    if (extent < 0) return {};
  ASSIGN_OR_RETURN(const Window window, resolve_window(context.node(), {spatial_of(*x), std::move(kernel)}));
  context.set_output(0, at.output, with_window((*x)[0], (*w)[0], window));
  return {};
}

Status conv(InferContext& context) { return conv_like(context, {1, context.dtype(0)}); }

bool may_equal(const Shape& a, const Shape& b) {
  bool fits = a.rank() == b.rank();
  for (size_t i = 0; fits && i < a.rank(); ++i) fits = may_equal(a[i], b[i]);
  return fits;
}

/// A number for each channel of each of x's images.
Status check_factor(const InferContext& context) {
  const auto x = context.shape(0), factor = context.shape(4);
  if (!context.has_input(4) || !x || !factor) return {};
  Shape numbers = *x;
  for (size_t axis = 2; axis < numbers.rank(); ++axis) numbers[axis] = 1;
  if (may_equal(*factor, numbers)) return {};
  return context.error("factor {} has not a number for each channel of {}", factor->to_string(),
                       x->to_string());
}

void set_row_means(InferContext& context, const ValueType* of) {
  std::optional<Shape> shape = of != nullptr ? of->shape : std::nullopt;
  if (shape) (*shape)[shape->rank() - 1] = 1;
  context.set_output(1, context.dtype(0), shape);
}

Status fused_conv(InferContext& context) {
  RETURN_IF_ERROR(conv(context));
  RETURN_IF_ERROR(check_factor(context));
  const auto residual = context.shape(3);
  const ValueType* out =
      context.node().has_output(0) ? context.scope().type(context.node().outputs[0]) : nullptr;
  if (context.node().has_output(1)) set_row_means(context, out);
  if (!context.has_input(3) || !residual || out == nullptr || !out->shape) return {};
  if (!may_equal(*residual, *out->shape))
    return context.error("residual {} is not of the output's shape {}", residual->to_string(),
                         out->shape->to_string());
  return {};
}

/// The fused operators on integers say themselves what they give.
Status with_own_type(InferContext& context, InferFunction shape_function) {
  RETURN_IF_ERROR(shape_function(context));
  const ValueType* const out =
      context.node().has_output(0) ? context.scope().type(context.node().outputs[0]) : nullptr;
  ASSIGN_OR_RETURN(const DType dtype, declared_type(context));
  context.set_output(0, dtype, out != nullptr ? out->shape : std::nullopt);
  return {};
}

Status quantized_conv(InferContext& context) { return with_own_type(context, fused_conv); }

Status conv_integer(InferContext& context) { return conv_like(context, {1, DType::kI32}); }
Status qlinear_conv(InferContext& context) { return conv_like(context, {3, context.dtype(7)}); }

Status conv_transpose(InferContext& context) {
  const auto x = context.shape(0), w = context.shape(1);
  context.set_output(0, context.dtype(0), std::nullopt);
  if (!x || !w) return {};
  const int64_t group = context.node().int_or("group", 1);
  if (x->rank() < 3 || x->rank() != w->rank() || group < 1 || group > (1 << 24) ||
      !may_equal((*x)[1], (*w)[0]))
    return context.error("input {} and weights {} do not fit together", x->to_string(), w->to_string());
  ASSIGN_OR_RETURN(std::vector<int64_t> kernel, kernel_of(context, *w));
  ASSIGN_OR_RETURN(const Window window,
                   resolve_transposed_window(context.node(), {spatial_of(*x), std::move(kernel)}));
  const auto channels = multiply_dims((*w)[1], group);
  if (!channels) return context.error("too many output channels");
  context.set_output(0, context.dtype(0), with_window((*x)[0], *channels, window));
  return {};
}

Status pool(InferContext& context) {
  const auto x = context.shape(0);
  if (!x) return same_as_input(context);
  if (x->rank() < 3) return context.error("input {} has no spatial axis", x->to_string());
  ASSIGN_OR_RETURN(
      const Window window,
      resolve_window(context.node(), {spatial_of(*x), context.node().ints_or("kernel_shape", {})}));
  context.set_output(0, context.dtype(0), with_window((*x)[0], (*x)[1], window));
  context.set_output(1, DType::kI64, with_window((*x)[0], (*x)[1], window));
  return {};
}

Status global_pool(InferContext& context) {
  auto x = context.shape(0);
  if (x && x->rank() < 3) return context.error("input {} has no spatial axis", x->to_string());
  for (size_t i = 2; x && i < x->rank(); ++i) (*x)[i] = 1;
  context.set_output(0, context.dtype(0), x);
  return {};
}

Status max_unpool(InferContext& context) {
  const auto x = context.shape(0);
  if (!x || x->rank() < 3) return same_as_input(context);
  if (const auto wanted = context.ints(2)) {
    context.set_output(0, context.dtype(0), Shape(*wanted));
    return {};
  }
  if (context.has_input(2)) {  // computed while the model runs
    context.set_output(0, context.dtype(0), Shape(std::vector<int64_t>(x->rank(), Shape::kUnknownDim)));
    return {};
  }
  ASSIGN_OR_RETURN(const Window window,
                   resolve_transposed_window(context.node(),
                                             {spatial_of(*x), context.node().ints_or("kernel_shape", {})}));
  context.set_output(0, context.dtype(0), with_window((*x)[0], (*x)[1], window));
  return {};
}

Status quantized_pool(InferContext& context) { return with_own_type(context, pool); }

constexpr auto kRows = std::to_array<OpRow>({
    {"AveragePool", 1, 1, pool},
    {"Conv", 2, 3, conv},
    {"ConvInteger", 2, 4, conv_integer},
    {"ConvTranspose", 2, 3, conv_transpose},
    {"FusedConv", 2, 5, fused_conv, "ridgeline"},
    {"GlobalAveragePool", 1, 1, global_pool},
    {"GlobalLpPool", 1, 1, global_pool},
    {"GlobalMaxPool", 1, 1, global_pool},
    {"LpPool", 1, 1, pool},
    {"MaxPool", 1, 1, pool},
    {"MaxUnpool", 2, 3, max_unpool},
    {"QLinearConv", 8, 9, qlinear_conv},
    {"QuantizedAveragePool", 1, 1, quantized_pool, "ridgeline"},
    {"QuantizedConv", 2, 4, quantized_conv, "ridgeline"},
});

}  // namespace

std::span<const OpRow> window_ops() { return kRows; }

}  // namespace ridgeline::ops
