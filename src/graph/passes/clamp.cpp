#include "graph/passes/clamp.h"

#include <algorithm>

#include "tensor/half.h"

namespace ridgeline::passes {
namespace {

std::optional<float> bound_of(const Graph& graph, const Node& clip, size_t input) {
  constexpr float kLimit = std::numeric_limits<float>::max();
  if (!clip.has_input(input)) return input == 1 ? -kLimit : kLimit;
  const Tensor* bound = graph.initializer(clip.inputs[input]);
  if (bound == nullptr || bound->empty() || bound->element_count() != 1) return std::nullopt;
  const Result<Tensor> as_float = convert(*bound, DType::kF32);
  return as_float.ok() ? std::optional(as_float->as<float>()[0]) : std::nullopt;
}

}  // namespace

Clamp Clamp::then(const Clamp& next) const {
  const auto within = [&](float bound) { return std::min(std::max(bound, next.low), next.high); };
  return {within(low), within(high)};
}

std::optional<Clamp> clamp_of(const Graph& graph, const Node& node) {
  if (!node.domain.empty()) return std::nullopt;
  if (node.op == "Relu") return Clamp{.low = 0};
  if (node.op != "Clip") return std::nullopt;
  const auto low = bound_of(graph, node, 1), high = bound_of(graph, node, 2);
  if (!low || !high) return std::nullopt;
  return Clamp{*low, *high};
}

}  // namespace ridgeline::passes
