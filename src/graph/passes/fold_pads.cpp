#include <algorithm>
#include <functional>

#include "graph/passes/passes.h"
#include "graph/passes/rewriter.h"

namespace ridgeline::passes {
namespace {

constexpr size_t kRank = 4;
using Ints = std::vector<int64_t>;

bool is_zero(const Graph& graph, const Node& pad) {
  if (!pad.has_input(2)) return true;
  const Tensor* const fill = graph.initializer(pad.inputs[2]);
  return fill != nullptr && fill->dtype() == DType::kF32 && fill->element_count() == 1 &&
         fill->as<float>()[0] == 0;
}

/// Zeros before and behind rows and columns, as Conv has them; none where another axis is padded, a part is
/// cut off, or anything else is filled in.
std::optional<Ints> zeros_around(const Graph& graph, const Node& pad) {
  const Tensor* const pads = pad.has_input(1) ? graph.initializer(pad.inputs[1]) : nullptr;
  if (!is_plain(pad, "Pad") || pad.string_or("mode", "constant") != "constant" || pads == nullptr ||
      pads->dtype() != DType::kI64 || pads->element_count() != 2 * kRank || pad.has_input(3) ||
      !is_zero(graph, pad))
    return std::nullopt;
  const auto all = pads->as<int64_t>();
  const bool are_around = all[0] == 0 && all[1] == 0 && all[kRank] == 0 && all[kRank + 1] == 0 &&
                          std::ranges::all_of(all, [](int64_t count) { return count >= 0; });
  if (!are_around) return std::nullopt;
  return Ints{all[2], all[3], all[kRank + 2], all[kRank + 3]};
}

bool has_explicit_pads(const Node& conv) {
  const std::string mode = conv.string_or("auto_pad", "NOTSET");
  return mode == "NOTSET" || mode == "VALID";
}

}  // namespace

Status fold_pads(Graph& graph, const PassOptions&) {
  Rewriter rewriter(graph);
  for (size_t index = 0; index < rewriter.node_count(); ++index) {
    Node& conv = rewriter.node(index);
    if (!is_plain(conv, "Conv") || !has_explicit_pads(conv)) continue;
    const auto producer = rewriter.producer(conv.inputs[0]);
    if (!producer) continue;
    const Node& pad = rewriter.node(*producer);
    const auto zeros = zeros_around(graph, pad);
    if (!zeros) continue;
    Ints pads = conv.ints_or("pads", Ints(zeros->size(), 0));
    if (pads.size() != zeros->size()) continue;
    std::ranges::transform(pads, *zeros, pads.begin(), std::plus<>());
    if (rewriter.only_reader(pad.outputs[0])) conv.name = pad.name + "+" + conv.name;
    conv.inputs[0] = pad.inputs[0];
    conv.attributes.erase("auto_pad");
    conv.attributes["pads"] = pads;
  }
  return {};
}

}  // namespace ridgeline::passes
