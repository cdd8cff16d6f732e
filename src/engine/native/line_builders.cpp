#include "engine/native/line_builders.h"

#include <array>

#include "engine/native/conv_builders.h"
#include "engine/native/packing.h"
#include "engine/native/pool_builders.h"
#include "kernels/lines/conv.h"
#include "kernels/lines/image.h"
#include "kernels/select.h"

namespace ridgeline::native {
namespace {

namespace lines = kernels::lines;
using Inputs = std::optional<std::vector<size_t>>;

Result<lines::LineConvDesc> conv_of(const BlockedNode& node) {
  ASSIGN_OR_RETURN(kernels::ConvDesc conv, describe({.node = node.node,
                                                     .x = node.shape(0),
                                                     .weights = node.shape(1),
                                                     .has_constant_weights = node.inputs[1].is_constant(),
                                                     .threads = node.threads}));
  return lines::LineConvDesc{std::move(conv), node.numbers};
}

bool conv_takes_pixels(const BlockedNode& node) {
  const Result<lines::LineConvDesc> desc = conv_of(node);
  return desc.ok() && lines::takes_planes(*desc) && node.inputs[0].pixels->steps.empty();
}

kernels::Choice<lines::LineConvImpl> choose_conv(const lines::LineConvDesc& desc, const CpuFeatures& cpu) {
  return kernels::select(lines::conv_impls(), desc, cpu);
}

Inputs conv_inputs(const BlockedNode& node) {
  const Result<lines::LineConvDesc> desc = conv_of(node);
  if (!desc.ok() || choose_conv(*desc, node.cpu).impl == nullptr) return std::nullopt;
  std::vector<size_t> inputs;
  if (!lines::takes_planes(*desc)) inputs.push_back(0);
  if (node.has(3)) inputs.push_back(3);
  return inputs;
}

const lines::Line* lines_in(Slots slots, std::optional<size_t> slot) {
  return slot ? reinterpret_cast<const lines::Line*>(slots[*slot].data) : nullptr;
}

lines::Line* lines_out(Slots slots, size_t slot) { return reinterpret_cast<lines::Line*>(slots[slot].data); }

Result<Built> conv(const BuildContext& context, const BlockedNode& node) {
  ASSIGN_OR_RETURN(lines::LineConvDesc desc, conv_of(node));
  if (const PixelSource* const pixels = node.inputs[0].pixels)
    desc.pixels = {pixels->image, &kernels::pixels::pixel_kernels(node.cpu)};
  auto choice = choose_conv(desc, node.cpu);
  const lines::LineConvImpl& impl = *choice.impl;
  ASSIGN_OR_RETURN(const void* weights, pack(context, impl, desc, context.input(1)));
  const size_t scratch_bytes = impl.scratch_bytes(desc);
  const auto scratch = scratch_bytes > 0 ? std::optional(context.scratch) : std::nullopt;
  Run run = [desc, weights, scratch, run = impl.run, x = *context.in[0], bias = context.slot(2),
             residual = context.slot(3), out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
    run(desc,
        {.in = slots[x].data,
         .weights = weights,
         .bias = floats(slots, bias),
         .residual = lines_in(slots, residual),
         .out = lines_out(slots, out),
         .scratch = scratch ? slots[*scratch].data : nullptr},
        pool);
    return {};
  };
  return Built{std::string(impl.name), std::move(run), scratch_bytes, {1}, std::move(choice.refusals)};
}

Inputs pool_inputs(const BlockedNode& node) {
  if (!node.inputs[0].in_lines || !describe_pool(node.node, node.shape(0)).ok()) return std::nullopt;
  return std::vector<size_t>{0};
}

Result<Built> pool(const BuildContext& context, const BlockedNode& node) {
  ASSIGN_OR_RETURN(const kernels::PoolCase planes, describe_pool(node.node, node.shape(0)));
  lines::LinePool desc{planes.kind, planes.desc, planes.padding, node.numbers};
  desc.desc.planes = node.shape(0)[0] * lines::blocks_of(node.shape(0)[1]);
  return Built{"lines",
               [desc, &kernels = lines::line_kernels(node.cpu, node.numbers), in = *context.in[0],
                out = context.out[0]](Slots slots, ThreadPool& threads) -> Status {
                 lines::pool(kernels, desc, lines_in(slots, in), lines_out(slots, out), threads);
                 return {};
               }};
}

Inputs mean_inputs(const BlockedNode& node) {
  if (!node.inputs[0].in_lines) return std::nullopt;
  return std::vector<size_t>{0};
}

Result<Built> mean(const BuildContext& context, const BlockedNode& node) {
  const Shape& x = node.shape(0);
  const lines::LinePlanes desc{x[0] * lines::blocks_of(x[1]), x[2] * x[3], node.numbers};
  return Built{"lines",
               [desc, &kernels = lines::line_kernels(node.cpu, node.numbers), in = *context.in[0],
                out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
                 lines::mean(kernels, desc, lines_in(slots, in), lines_out(slots, out), pool);
                 return {};
               }};
}

/// An image in lines and a number for each of its channels.
Inputs multiply_inputs(const BlockedNode& node) {
  const auto factor = node.channel_factor();
  if (!factor || !node.inputs[1 - *factor].in_lines) return std::nullopt;
  return std::vector<size_t>{0, 1};
}

Result<Built> multiply(const BuildContext& context, const BlockedNode& node) {
  const size_t factor = *node.channel_factor();
  const lines::LinePlanes desc{node.out[0] * lines::blocks_of(node.out[1]), node.out[2] * node.out[3],
                               node.numbers};
  return Built{"lines",
               [desc, &kernels = lines::line_kernels(node.cpu, node.numbers), image = *context.in[1 - factor],
                by = *context.in[factor], out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
                 lines::scale(kernels, desc,
                              {lines_in(slots, image), lines_in(slots, by), lines_out(slots, out)}, pool);
                 return {};
               }};
}

constexpr auto kRows =
    std::to_array<BlockedRow>({{"AveragePool", pool_inputs, pool},
                               {"Conv", conv_inputs, conv, "", conv_takes_pixels},
                               {"FusedConv", conv_inputs, conv, "ridgeline", conv_takes_pixels},
                               {"GlobalAveragePool", mean_inputs, mean},
                               {"MaxPool", pool_inputs, pool},
                               {"Mul", multiply_inputs, multiply}});

}  // namespace

std::optional<lines::Numbers> numbers_of(Precision precision) {
  if (precision == Precision::kBf16) return lines::Numbers::kBf16;
  if (precision == Precision::kBf16x3) return lines::Numbers::kBf16Pair;
  return std::nullopt;
}

const BlockedRow* find_lined(const Node& node) {
  for (const BlockedRow& row : kRows)
    if (row.op == node.op && row.domain == node.domain) return &row;
  return nullptr;
}

Shape lined_shape(const Shape& image, lines::Numbers numbers) {
  return {image[0],        lines::blocks_of(image[1]), lines::parts_of(numbers), image[2], image[3],
          lines::kChannels};
}

Built build_line_turn(const Shape& image, size_t in, size_t out, const LineTurnStep& turn,
                      const CpuFeatures& cpu) {
  const lines::LineTurn desc{{.batch = image[0], .channels = image[1], .plane = image[2] * image[3]},
                             turn.numbers};
  const lines::LineKernels& kernels = lines::line_kernels(cpu, turn.numbers);
  return {"turn", [=, &kernels, to_lines = turn.to_lines](Slots slots, ThreadPool& pool) -> Status {
            if (to_lines)
              lines::from_blocks(kernels, desc, floats(slots, in), lines_out(slots, out), pool);
            else
              lines::to_blocks(kernels, desc, lines_in(slots, in), slots[out].as<float>().data(), pool);
            return {};
          }};
}

}  // namespace ridgeline::native
