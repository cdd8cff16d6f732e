#include <array>
#include <functional>
#include <numeric>

#include "engine/native/channel_norm_builder.h"
#include "engine/native/operands.h"
#include "kernels/ref/normalise.h"
#include "kernels/row_norm.h"
#include "kernels/select.h"
#include "kernels/softmax.h"

namespace ridgeline::native {
namespace {

namespace ref = kernels::ref;

Result<Built> batch_norm(const BuildContext& context) {
  std::array<size_t, 5> in;
  for (size_t i = 0; i < in.size(); ++i) in[i] = *context.in[i];
  const bool trains = context.node.int_or("training_mode", 0) != 0;
  return Built{"ref",
               [in, trains, epsilon = context.node.float_or("epsilon", 1e-5F),
                momentum = context.node.float_or("momentum", 0.9F), out = context.out[0],
                mean = output_slot(context, 1),
                variance = output_slot(context, 2)](Slots slots, ThreadPool& pool) -> Status {
                 const auto floats = [&](std::optional<size_t> slot) {
                   return slot ? slots[*slot].as<float>().data() : nullptr;
                 };
                 const ref::BatchNormArgs args{floats(in[1]), floats(in[2]), floats(in[3]), floats(in[4]),
                                               epsilon};
                 if (trains)
                   ref::train_batch_norm(slots[in[0]], args, {momentum, floats(mean), floats(variance)},
                                         slots[out], pool);
                 else
                   ref::batch_norm(slots[in[0]], args, slots[out], pool);
                 return {};
               }};
}

template <bool logarithm>
Result<Built> softmax(const BuildContext& context) {
  const kernels::SoftmaxDesc desc{.axis = axis_of(context, "axis", -1), .logarithm = logarithm};
  const kernels::SoftmaxImpl& impl = *kernels::select(kernels::softmax_impls(), desc, context.cpu).impl;
  return Built{std::string(impl.name),
               [desc, run = impl.run, in = *context.in[0], out = context.out[0]](Slots slots,
                                                                                 ThreadPool& pool) -> Status {
                 run(desc, slots[in], slots[out], pool);
                 return {};
               }};
}

int64_t product(std::span<const int64_t> dims) {
  return std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>());
}

/// Layer, instance and group normalisation: inputs X, scale and, perhaps, bias.
Result<Built> row_norm(const BuildContext& context, const ref::RowNorm& norm) {
  for (size_t i = 1; i < context.in.size(); ++i)
    if (context.has(i) && context.input(i).shape.element_count() != norm.affine_count)
      return unsupported("{}: input {} has {} elements, not {}", context.node.describe(), i,
                         context.input(i).shape.element_count(), norm.affine_count);
  const std::optional<size_t> bias = context.has(2) ? context.in[2] : std::nullopt;
  const kernels::RowNormImpl& impl = *kernels::select(kernels::row_norm_impls(), norm, context.cpu).impl;
  return Built{std::string(impl.name),
               [norm, run = impl.run, bias, x = *context.in[0], scale = *context.in[1], y = context.out[0],
                mean = output_slot(context, 1),
                deviation = output_slot(context, 2)](Slots slots, ThreadPool& pool) -> Status {
                 const auto floats = [&](std::optional<size_t> slot) {
                   return slot ? slots[*slot].as<float>().data() : nullptr;
                 };
                 run(norm,
                     {.in = floats(x),
                      .scale = floats(scale),
                      .bias = floats(bias),
                      .out = floats(y),
                      .mean = floats(mean),
                      .inverse_deviation = floats(deviation)},
                     pool);
                 return {};
               }};
}

Result<Built> layer_norm(const BuildContext& context) {
  const std::span<const int64_t> dims = context.input(0).shape.dims();
  const size_t axis = axis_of(context, "axis", -1);
  const int64_t count = product(dims.subspan(axis));
  return row_norm(context, {.rows = product(dims.first(axis)),
                            .count = count,
                            .affine_count = count,
                            .epsilon = context.node.float_or("epsilon", 1e-5F)});
}

Result<Built> instance_norm(const BuildContext& context) {
  const std::span<const int64_t> dims = context.input(0).shape.dims();
  const int64_t plane = product(dims.subspan(2));
  return row_norm(context, {.rows = dims[0] * dims[1],
                            .count = plane,
                            .run = plane,
                            .affine_count = dims[1],
                            .epsilon = context.node.float_or("epsilon", 1e-5F)});
}

/// Scale and bias have one element per channel (opset 21) or per group (opset 18).
Result<Built> group_norm(const BuildContext& context) {
  const std::span<const int64_t> dims = context.input(0).shape.dims();
  const int64_t groups = context.node.int_or("num_groups", 1);
  if (dims.size() < 2 || groups < 1 || dims[1] % groups != 0)
    return unsupported("{}: {} groups do not divide the channels", context.node.describe(), groups);
  const bool is_per_group = context.input(1).shape.element_count() == groups && groups != dims[1];
  const int64_t plane = product(dims.subspan(2));
  const int64_t count = dims[1] / groups * plane;
  return row_norm(context, {.rows = dims[0] * groups,
                            .count = count,
                            .run = is_per_group ? count : plane,
                            .affine_count = is_per_group ? groups : dims[1],
                            .epsilon = context.node.float_or("epsilon", 1e-5F)});
}

Result<Built> channel_norm(const BuildContext& context) {
  const ref::ChannelNorm norm = channel_norm_of(context.node, context.input(0).shape);
  return build_channel_norm(context, norm, "ref", ref::normalise_channels);
}

Result<Built> lrn(const BuildContext& context) {
  const Node& node = context.node;
  const ref::LrnRule rule{.size = node.int_or("size", 1),
                          .alpha = node.float_or("alpha", 1e-4F),
                          .beta = node.float_or("beta", 0.75F),
                          .bias = node.float_or("bias", 1)};
  if (context.input(0).shape.rank() < 2 || rule.size < 1)
    return unsupported("{}: there is no window of {} channels", node.describe(), rule.size);
  return Built{"ref",
               [rule, in = *context.in[0], out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
                 ref::lrn(rule, slots[in], slots[out], pool);
                 return {};
               }};
}

Result<Built> lp_norm(const BuildContext& context) {
  return Built{"ref",
               [p = context.node.int_or("p", 2), axis = axis_of(context, "axis", -1), in = *context.in[0],
                out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
                 ref::lp_norm(p, slots[in], axis, slots[out], pool);
                 return {};
               }};
}

Result<Built> hardmax(const BuildContext& context) {
  return Built{"ref",
               [axis = axis_of(context, "axis", -1), in = *context.in[0], out = context.out[0]](
                   Slots slots, ThreadPool& pool) -> Status {
                 ref::hardmax(slots[in], axis, slots[out], pool);
                 return {};
               }};
}

constexpr auto kRows = std::to_array<BuilderRow>({{"BatchNormalization", batch_norm, true},
                                                  {"GroupNormalization", group_norm, true},
                                                  {"Hardmax", hardmax, true},
                                                  {"InstanceNormalization", instance_norm, true},
                                                  {"LRN", lrn, true},
                                                  {"LayerNormalization", layer_norm, true},
                                                  {"LogSoftmax", softmax<true>, true},
                                                  {"LpNormalization", lp_norm, true},
                                                  {"NormalizeChannels", channel_norm, true, "ridgeline"},
                                                  {"Softmax", softmax<false>, true}});

}  // namespace

std::span<const BuilderRow> normalise_builders() { return kRows; }

}  // namespace ridgeline::native
