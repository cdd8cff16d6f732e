#include "engine/native/blocked_builders.h"

#include <algorithm>
#include <array>

#include "engine/native/channel_builders.h"
#include "engine/native/channel_norm_builder.h"
#include "engine/native/conv_builders.h"
#include "engine/native/operands.h"
#include "engine/native/packing.h"
#include "engine/native/pool_builders.h"
#include "engine/native/resize_builders.h"
#include "kernels/blocked/channel_norm.h"
#include "kernels/blocked/conv.h"
#include "kernels/blocked/direct.h"
#include "kernels/blocked/planes.h"
#include "kernels/blocked/pool.h"
#include "kernels/blocked/resize.h"
#include "kernels/blocked/turn.h"
#include "kernels/select.h"

namespace ridgeline::native {
namespace {

namespace blocked = kernels::blocked;
using Inputs = std::optional<std::vector<size_t>>;

Result<kernels::ConvDesc> conv_of(const BlockedNode& node) {
  return describe({.node = node.node,
                   .x = node.shape(0),
                   .weights = node.shape(1),
                   .has_constant_weights = node.inputs[1].is_constant(),
                   .threads = node.threads});
}

kernels::Choice<kernels::ConvImpl> choose_conv(const kernels::ConvDesc& desc, const CpuFeatures& cpu) {
  return kernels::select(blocked::conv_impls(), desc, cpu);
}

Inputs conv_inputs(const BlockedNode& node) {
  const Result<kernels::ConvDesc> desc = conv_of(node);
  if (!desc.ok() || choose_conv(*desc, node.cpu).impl == nullptr) return std::nullopt;
  std::vector<size_t> inputs;
  if (!blocked::takes_planes(*desc)) inputs.push_back(0);
  for (const size_t i : {3, 4})
    if (node.has(i)) inputs.push_back(i);
  return inputs;
}

Result<Built> conv(const BuildContext& context, const BlockedNode& node) {
  ASSIGN_OR_RETURN(const kernels::ConvDesc desc, conv_of(node));
  return build_conv(context, desc, choose_conv(desc, node.cpu));
}

Inputs pool_inputs(const BlockedNode& node) {
  const Result<kernels::PoolCase> pool = describe_pool(node.node, node.shape(0));
  if (!pool.ok() || !node.inputs[0].in_blocks) return std::nullopt;
  if (kernels::select(blocked::pool_impls(), *pool, node.cpu).impl == nullptr) return std::nullopt;
  return std::vector<size_t>{0};
}

Result<Built> pool(const BuildContext& context, const BlockedNode& node) {
  ASSIGN_OR_RETURN(kernels::PoolCase pool, describe_pool(node.node, node.shape(0)));
  pool.desc.planes = node.shape(0)[0] * blocked::blocks_of(node.shape(0)[1]);
  return build_pool(context, pool, *kernels::select(blocked::pool_impls(), pool, node.cpu).impl);
}

blocked::PlanesDesc describe_mean(const BlockedNode& node) {
  const Shape& x = node.shape(0);
  return {.planes = x[0] * blocked::blocks_of(x[1]), .pixels = x[2] * x[3]};
}

Inputs mean_inputs(const BlockedNode& node) {
  if (!node.inputs[0].in_blocks) return std::nullopt;
  if (kernels::select(blocked::mean_impls(), describe_mean(node), node.cpu).impl == nullptr)
    return std::nullopt;
  return std::vector<size_t>{0};
}

Result<Built> mean(const BuildContext& context, const BlockedNode& node) {
  const blocked::PlanesDesc desc = describe_mean(node);
  const auto& impl = *kernels::select(blocked::mean_impls(), desc, node.cpu).impl;
  return Built{std::string(impl.name),
               [desc, run = impl.run, in = *context.in[0], out = context.out[0]](Slots slots,
                                                                                 ThreadPool& pool) -> Status {
                 run(desc, {floats(slots, in), slots[out].as<float>().data()}, pool);
                 return {};
               }};
}

/// Functions of one element that are finite at zero, which lanes past the last channel may hold.
Inputs unary_inputs(const BlockedNode& node) {
  if (!node.inputs[0].in_blocks) return std::nullopt;
  return std::vector<size_t>{0};
}

/// Of two images of one shape, or of an image and a number for each of its channels.
Inputs binary_inputs(const BlockedNode& node) {
  const bool any_in_blocks = node.inputs[0].in_blocks || node.inputs[1].in_blocks;
  if (!any_in_blocks || !node.is_image(0) || !node.is_image(1)) return std::nullopt;
  return std::vector<size_t>{0, 1};
}

Result<Built> multiply(const BuildContext& context, const BlockedNode& node) {
  const auto factor = node.channel_factor();
  const blocked::PlanesDesc desc{.planes = node.out[0] * blocked::blocks_of(node.out[1]),
                                 .pixels = node.out[2] * node.out[3]};
  const auto choice = kernels::select(blocked::scale_impls(), desc, node.cpu);
  if (!factor || choice.impl == nullptr) return build_step(*find_builder(context.node), context);
  return Built{std::string(choice.impl->name),
               [desc, run = choice.impl->run, image = *context.in[1 - *factor], by = *context.in[*factor],
                out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
                 run(desc, {floats(slots, image), floats(slots, by), slots[out].as<float>().data()}, pool);
                 return {};
               }};
}

Inputs channel_norm_inputs(const BlockedNode& node) {
  const auto norm = channel_norm_of(node.node, node.shape(0));
  if (kernels::select(blocked::channel_norm_impls(), norm, node.cpu).impl == nullptr) return std::nullopt;
  return std::vector<size_t>{0};
}

Result<Built> channel_norm(const BuildContext& context, const BlockedNode& node) {
  const auto norm = channel_norm_of(node.node, node.shape(0));
  const auto& impl = *kernels::select(blocked::channel_norm_impls(), norm, node.cpu).impl;
  return build_channel_norm(context, norm, impl.name, impl.run);
}

/// Whether a Resize's scales, if it has any, leave batch and channels as they are.
bool scales_images(const BlockedNode& node, const ResizeRule& rule) {
  if (!rule.axes.empty())
    return std::ranges::all_of(rule.axes, [](int64_t axis) { return axis > 1 || axis == -1 || axis == -2; });
  if (!node.has(2)) return true;
  const BlockedNode::Input& scales = node.inputs[2];
  if (!scales.is_constant() || scales.type->dtype != DType::kF32 || node.shape(2).element_count() < 2)
    return false;
  const auto* const numbers = reinterpret_cast<const float*>(scales.data);
  return numbers[0] == 1 && numbers[1] == 1;
}

Inputs resize_inputs(const BlockedNode& node) {
  const Result<ResizeRule> rule = ResizeRule::from(node.node);
  if (!rule.ok() || crops(*rule) || !node.inputs[0].in_blocks || node.shape(0)[0] != node.out[0] ||
      node.shape(0)[1] != node.out[1] || !scales_images(node, *rule))
    return std::nullopt;
  if (kernels::select(blocked::resize_impls(), blocked::ResizeDesc{}, node.cpu).impl == nullptr)
    return std::nullopt;
  return std::vector<size_t>{0};
}

Result<Built> resize(const BuildContext& context, const BlockedNode& node) {
  ASSIGN_OR_RETURN(const ResizePlan plan, plan_resize(context, node.shape(0), node.out));
  blocked::ResizeDesc desc{.planes = node.out[0] * blocked::blocks_of(node.out[1]),
                           .in_rows = node.shape(0)[2],
                           .in_columns = node.shape(0)[3],
                           .rows = sampled_axis(plan.rule, plan.axes[2]),
                           .columns = sampled_axis(plan.rule, plan.axes[3])};
  const blocked::ResizeImpl& impl = *kernels::select(blocked::resize_impls(), desc, node.cpu).impl;
  return Built{std::string(impl.name),
               [desc = std::move(desc), run = impl.run, in = *context.in[0], out = context.out[0]](
                   Slots slots, ThreadPool& pool) -> Status {
                 run(desc, floats(slots, in), slots[out].as<float>().data(), pool);
                 return {};
               }};
}

/// The kernels for planes see the blocks as one more axis.
Result<Built> as_planes(const BuildContext& context, const BlockedNode&) {
  return build_step(*find_builder(context.node), context);
}

constexpr auto kRows = std::to_array<BlockedRow>({
    {"Abs", unary_inputs, as_planes},
    {"Add", binary_inputs, as_planes},
    {"AveragePool", pool_inputs, pool},
    {"Clip", unary_inputs, as_planes},
    {"Concat", concat_inputs, concat_channels},
    {"Conv", conv_inputs, conv},
    {"Elu", unary_inputs, as_planes},
    {"FusedConv", conv_inputs, conv, "ridgeline", nullptr, true},
    {"Gelu", unary_inputs, as_planes},
    {"GlobalAveragePool", mean_inputs, mean},
    {"HardSigmoid", unary_inputs, as_planes},
    {"HardSwish", unary_inputs, as_planes},
    {"LeakyRelu", unary_inputs, as_planes},
    {"MaxPool", pool_inputs, pool},
    {"Mish", unary_inputs, as_planes},
    {"Mul", binary_inputs, multiply},
    {"NormalizeChannels", channel_norm_inputs, channel_norm, "ridgeline"},
    {"Relu", unary_inputs, as_planes},
    {"Resize", resize_inputs, resize},
    {"RoundToSteps", unary_inputs, as_planes, "ridgeline"},
    {"Sigmoid", unary_inputs, as_planes},
    {"Slice", slice_inputs, slice_channels},
    {"Softplus", unary_inputs, as_planes},
    {"Split", split_inputs, split_channels, {}, nullptr, true},
    {"Sub", binary_inputs, as_planes},
    {"Tanh", unary_inputs, as_planes},
});

}  // namespace

bool BlockedNode::is_image(size_t i) const {
  const Input& input = inputs[i];
  const bool can_turn = input.type->dtype == DType::kF32 && shape(i).rank() == 4 && !input.is_constant();
  return (input.in_blocks || can_turn) && shape(i)[1] == out[1];
}

std::optional<size_t> BlockedNode::channel_factor() const {
  if (!is_image(0) || !is_image(1)) return std::nullopt;
  for (const size_t i : {0, 1}) {
    const Shape &factor = shape(i), &image = shape(1 - i);
    const bool is_number = factor[2] * factor[3] == 1 && factor[0] == image[0];
    if (is_number && inputs[1 - i].in_blocks && image == out) return i;
  }
  return std::nullopt;
}

const BlockedRow* find_blocked(const Node& node) {
  for (const BlockedRow& row : kRows)
    if (row.op == node.op && row.domain == node.domain) return &row;
  return nullptr;
}

Shape blocked_shape(const Shape& image) {
  return {image[0], blocked::blocks_of(image[1]), image[2], image[3], blocked::kBlock};
}

Built build_turn(const Shape& image, size_t in, size_t out, bool to_blocks) {
  const blocked::TurnDesc desc{.batch = image[0], .channels = image[1], .plane = image[2] * image[3]};
  const auto turn = to_blocks ? blocked::to_blocks : blocked::to_planes;
  return {"turn", [=](Slots slots, ThreadPool& pool) -> Status {
            turn(desc, floats(slots, in), slots[out].as<float>().data(), pool);
            return {};
          }};
}

}  // namespace ridgeline::native
