#include "engine/native/conv_builders.h"

#include <array>

#include "engine/native/packing.h"
#include "engine/native/windows.h"
#include "kernels/blocked/block.h"
#include "kernels/blocked/conv.h"

namespace ridgeline::native {
namespace {

/// The attributes that fuse_convs (graph/passes) writes.
kernels::Activation activation_of(const Node& node) {
  using Kind = kernels::Activation::Kind;
  const std::string name = node.string_or("activation", "");
  if (name == "Relu") return {Kind::kRelu};
  if (name == "HardSwish") return {Kind::kHardSwish};
  if (name == "Silu") return {Kind::kSilu};
  if (name == "Clip") return {Kind::kClip, node.float_or("min", 0), node.float_or("max", 0)};
  return {};
}

/// The attributes that round_in_floats writes.
kernels::Rounding rounding_of(const Node& node, const std::string& prefix) {
  return {node.float_or(prefix + "_scale", 0), node.float_or(prefix + "_low", 0),
          node.float_or(prefix + "_high", 0)};
}

Result<Built> conv(const BuildContext& context) {
  ASSIGN_OR_RETURN(const kernels::ConvDesc desc, describe({.node = context.node,
                                                           .x = context.input(0).shape,
                                                           .weights = context.input(1).shape,
                                                           .has_constant_weights = context.is_constant(1),
                                                           .threads = context.threads}));
  auto choice = kernels::select(kernels::conv_impls(), desc, context.cpu);
  auto before = kernels::select(kernels::blocked::conv_impls(), desc, context.cpu).refusals;
  choice.refusals.insert(choice.refusals.begin(), before.begin(), before.end());
  return build_conv(context, desc, std::move(choice));
}

template <typename ArgsOf>
auto run_rows(const kernels::ConvDesc& whole, const kernels::ConvImpl& impl, const ArgsOf& args_of) {
  return [desc = whole, run = impl.run, args_of](Slots slots, const Part& part, ThreadPool& pool) {
    kernels::ConvDesc of_part = desc;
    of_part.batch = 1;
    of_part.threads = 1;
    of_part.window = part.window;
    kernels::ConvArgs args = args_of(slots);
    args.in = reinterpret_cast<const float*>(part.in);
    args.out = part.out;
    if (desc.has_residual) args.residual += part.out_offset;
    if (desc.has_row_means) args.row_means += part.out_offset / desc.window.out[2];
    if (desc.has_factor)
      args.factor += part.image * kernels::blocked::blocks_of(desc.in_channels) * kernels::blocked::kBlock;
    run(of_part, args, pool);
  };
}

constexpr auto kRows =
    std::to_array<BuilderRow>({{"Conv", conv, true}, {"FusedConv", conv, true, "ridgeline"}});

}  // namespace

Result<kernels::ConvDesc> describe(const ConvNode& conv) {
  const Node& node = conv.node;
  RETURN_IF_ERROR(check_spatial(node, conv.x));
  const auto in = spatial(conv.x), kernel = spatial(conv.weights);
  ASSIGN_OR_RETURN(const Window window,
                   resolve_window(node, {{in.begin(), in.end()}, {kernel.begin(), kernel.end()}}));
  return kernels::ConvDesc{.batch = conv.x[0],
                           .in_channels = conv.x[1],
                           .out_channels = conv.weights[0],
                           .groups = node.int_or("group", 1),
                           .window = to_window(window, in),
                           .threads = conv.threads,
                           .has_bias = node.has_input(2),
                           .has_residual = node.has_input(3),
                           .has_factor = node.has_input(4),
                           .has_row_means = node.has_output(1),
                           .has_constant_weights = conv.has_constant_weights,
                           .activation = activation_of(node),
                           .sums_to = rounding_of(node, "sum"),
                           .results_to = rounding_of(node, "y")};
}

Result<Built> build_conv(const BuildContext& context, const kernels::ConvDesc& desc,
                         kernels::Choice<kernels::ConvImpl> choice) {
  const kernels::ConvImpl& impl = *choice.impl;
  ASSIGN_OR_RETURN(const void* weights, pack(context, impl, desc, context.input(1)));
  const size_t scratch_bytes = impl.scratch_bytes(desc);
  const auto scratch = scratch_bytes > 0 ? std::optional(context.scratch) : std::nullopt;
  const auto means = desc.has_row_means ? std::optional(context.out[1]) : std::nullopt;
  const auto args = [weights, scratch, x_slot = *context.in[0], w_slot = *context.in[1],
                     bias = context.slot(2), residual = context.slot(3), factor = context.slot(4),
                     out = context.out[0], means](Slots slots) {
    return kernels::ConvArgs{.in = floats(slots, x_slot),
                             .weights = weights != nullptr ? weights : slots[w_slot].data,
                             .bias = floats(slots, bias),
                             .residual = floats(slots, residual),
                             .out = reinterpret_cast<float*>(slots[out].data),
                             .scratch = scratch ? slots[*scratch].data : nullptr,
                             .factor = floats(slots, factor),
                             .row_means = means ? reinterpret_cast<float*>(slots[*means].data) : nullptr};
  };
  Built built{std::string(impl.name),
              [desc, args, run = impl.run](Slots slots, ThreadPool& pool) -> Status {
                run(desc, args(slots), pool);
                return {};
              },
              scratch_bytes};
  built.refusals = std::move(choice.refusals);
  if (impl.packed_bytes(desc) > 0) built.packed_inputs = {1};
  if (desc.has_residual && impl.replaces_residual != nullptr && impl.replaces_residual(desc))
    built.replaced = context.slot(3);
  if (impl.takes_parts)
    built.rows = RowWise{.in = *context.in[0],
                         .out = context.out[0],
                         .window = desc.window,
                         .has_residual = desc.has_residual,
                         .has_row_means = desc.has_row_means,
                         .weights_bytes = impl.packed_bytes(desc),
                         .run = run_rows(desc, impl, args)};
  return built;
}

std::span<const BuilderRow> conv_builders() { return kRows; }

}  // namespace ridgeline::native
