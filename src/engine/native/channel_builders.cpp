#include "engine/native/channel_builders.h"

#include <algorithm>
#include <numeric>

#include "engine/native/operands.h"
#include "kernels/blocked/block.h"
#include "kernels/blocked/channels.h"

namespace ridgeline::native {
namespace {

namespace blocked = kernels::blocked;
using Inputs = std::optional<std::vector<size_t>>;
using Ints = std::vector<int64_t>;

bool is_channel_axis(int64_t axis) { return axis == 1 || axis == -3; }

/// Empty for an absent input, none for one that is computed.
std::optional<Ints> constant_ints(const BlockedNode& node, size_t i) {
  if (!node.has(i)) return Ints();
  const BlockedNode::Input& input = node.inputs[i];
  if (!input.is_constant()) return std::nullopt;
  return elements_as<int64_t>({input.type->dtype, node.shape(i), const_cast<std::byte*>(input.data)});
}

/// The channels of each part; none where they are not known, or cut along another axis.
std::optional<Ints> split_sizes(const BlockedNode& node) {
  const auto sizes = constant_ints(node, 1);
  if (!sizes || !is_channel_axis(node.node.int_or("axis", 0))) return std::nullopt;
  const auto parts = static_cast<int64_t>(node.node.outputs.size());
  const bool are_all = std::ranges::none_of(node.node.outputs, &std::string::empty);
  if (!are_all) return std::nullopt;
  if (!sizes->empty()) return sizes;
  if (node.shape(0)[1] % parts != 0) return std::nullopt;
  return Ints(static_cast<size_t>(parts), node.shape(0)[1] / parts);
}

/// The first channel of a slice of neighbours; none of other slices.
std::optional<int64_t> first_channel(const BlockedNode& node) {
  const auto starts = constant_ints(node, 1), axes = constant_ints(node, 3), steps = constant_ints(node, 4);
  if (!starts || !axes || !steps || starts->size() != 1 || axes->size() != 1) return std::nullopt;
  const bool takes_neighbours = steps->empty() || (*steps)[0] == 1;
  if (!is_channel_axis((*axes)[0]) || !takes_neighbours) return std::nullopt;
  const int64_t channels = node.shape(0)[1], start = (*starts)[0];
  return std::clamp<int64_t>(start < 0 ? start + channels : start, 0, channels);
}

Built move(const BuildContext& context, const BlockedNode& node,
           const blocked::ChannelMoves::Channels& channels, std::span<const blocked::ChannelRange> ranges) {
  std::vector<size_t> in, out;
  for (size_t i = 0; i < channels.in.size(); ++i) in.push_back(*context.in[i]);
  for (size_t i = 0; i < channels.out.size(); ++i) out.push_back(context.out[i]);
  return {"channels",
          [moves = blocked::ChannelMoves(channels, ranges), batch = node.out[0],
           pixels = node.out[2] * node.out[3], in, out, from = std::vector<const float*>(in.size()),
           to = std::vector<float*>(out.size())](Slots slots, ThreadPool& pool) mutable -> Status {
            for (size_t i = 0; i < in.size(); ++i) from[i] = slots[in[i]].as<float>().data();
            for (size_t i = 0; i < out.size(); ++i) to[i] = slots[out[i]].as<float>().data();
            moves.run(batch, pixels, from, to, pool);
            return {};
          }};
}

}  // namespace

Inputs concat_inputs(const BlockedNode& node) {
  if (!is_channel_axis(node.node.int_or("axis", 0))) return std::nullopt;
  const auto is_image = [](const BlockedNode::Input& input) {
    return input.type != nullptr && input.type->dtype == DType::kF32 && !input.is_constant();
  };
  if (!std::ranges::all_of(node.inputs, is_image)) return std::nullopt;
  const auto in_blocks = std::ranges::count_if(node.inputs, &BlockedNode::Input::in_blocks);
  if (2 * static_cast<size_t>(in_blocks) < node.inputs.size()) return std::nullopt;
  std::vector<size_t> all(node.inputs.size());
  std::iota(all.begin(), all.end(), 0);
  return all;
}

Result<Built> concat_channels(const BuildContext& context, const BlockedNode& node) {
  blocked::ChannelMoves::Channels channels{.in = {}, .out = {node.out[1]}};
  std::vector<blocked::ChannelRange> ranges;
  int64_t first = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const int64_t count = node.shape(i)[1];
    channels.in.push_back(count);
    ranges.push_back({.in = i, .out = 0, .first_in = 0, .first_out = first, .count = count});
    first += count;
  }
  return move(context, node, channels, ranges);
}

Inputs split_inputs(const BlockedNode& node) {
  if (!node.inputs[0].in_blocks || !split_sizes(node)) return std::nullopt;
  return std::vector<size_t>{0};
}

Result<Built> split_channels(const BuildContext& context, const BlockedNode& node) {
  const blocked::ChannelMoves::Channels channels{.in = {node.shape(0)[1]}, .out = *split_sizes(node)};
  std::vector<blocked::ChannelRange> ranges;
  int64_t first = 0;
  for (size_t i = 0; i < channels.out.size(); ++i) {
    ranges.push_back({.in = 0, .out = i, .first_in = first, .first_out = 0, .count = channels.out[i]});
    first += channels.out[i];
  }
  return move(context, node, channels, ranges);
}

Inputs slice_inputs(const BlockedNode& node) {
  if (!node.inputs[0].in_blocks || !first_channel(node)) return std::nullopt;
  return std::vector<size_t>{0};
}

Result<Built> slice_channels(const BuildContext& context, const BlockedNode& node) {
  const blocked::ChannelRange range{
      .in = 0, .out = 0, .first_in = *first_channel(node), .first_out = 0, .count = node.out[1]};
  return move(context, node, {.in = {node.shape(0)[1]}, .out = {node.out[1]}}, {{range}});
}

}  // namespace ridgeline::native
