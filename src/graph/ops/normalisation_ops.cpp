#include <array>

#include "graph/ops/families.h"

namespace ridgeline::ops {
namespace {

/// Scale, bias and statistics of a per-channel normalisation match axis 1 of the input.
Status per_channel(InferContext& context) {
  const auto x = context.shape(0);
  for (size_t i = 1; x && i < context.input_count(); ++i) {
    const auto parameter = context.shape(i);
    if (!parameter) continue;
    const bool fits = x->rank() >= 2 && parameter->rank() == 1 &&
                      ((*x)[1] < 0 || (*parameter)[0] < 0 || (*x)[1] == (*parameter)[0]);
    if (!fits)
      return context.error("parameter of shape {} does not fit input {}", parameter->to_string(),
                           x->to_string());
  }
  return same_as_input(context);
}

/// By the batch's own statistics it also gives those that run along.
Status batch_normalisation(InferContext& context) {
  RETURN_IF_ERROR(per_channel(context));
  if (context.node().int_or("training_mode", 0) == 0) return {};
  for (const size_t i : {1, 2}) context.set_output(i, context.dtype(2 + i), context.shape(2 + i));
  return {};
}

Status with_axis(InferContext& context) {
  if (const auto x = context.shape(0); x && x->rank() > 0) {
    const Result<size_t> axis = context.axis_of(context.node().int_or("axis", -1), x->rank());
    if (!axis.ok()) return axis.status();
  }
  return same_as_input(context);
}

Status layer_normalisation(InferContext& context) {
  auto x = context.shape(0);
  context.set_output(0, context.dtype(0), x);
  if (x) {
    ASSIGN_OR_RETURN(const size_t axis, context.axis_of(context.node().int_or("axis", -1), x->rank()));
    for (size_t i = axis; i < x->rank(); ++i) (*x)[i] = 1;
  }
  context.set_output(1, DType::kF32, x);
  context.set_output(2, DType::kF32, x);
  return {};
}

constexpr auto kRows = std::to_array<OpRow>({
    {"BatchNormalization", 5, 5, batch_normalisation},
    {"GroupNormalization", 3, 3, same_as_input},
    {"Hardmax", 1, 1, with_axis},
    {"InstanceNormalization", 3, 3, per_channel},
    {"LRN", 1, 1, same_as_input},
    {"LayerNormalization", 2, 3, layer_normalisation},
    {"LogSoftmax", 1, 1, with_axis},
    {"LpNormalization", 1, 1, with_axis},
    {"MeanVarianceNormalization", 1, 1, same_as_input},
    {"NormalizeChannels", 2, 3, per_channel, "ridgeline"},
    {"Softmax", 1, 1, with_axis},
});

}  // namespace

std::span<const OpRow> normalisation_ops() { return kRows; }

}  // namespace ridgeline::ops
