#include "same_graph.h"

#include <bit>

namespace ridgeline::formats {
namespace {

bool same_attribute(const Attribute& a, const Attribute& b) {
  if (a.index() != b.index()) return false;
  if (const auto* tensor = std::get_if<Tensor>(&a)) return same(*tensor, std::get<Tensor>(b));
  if (const auto* number = std::get_if<float>(&a))  // bits: NaN equals itself
    return std::bit_cast<uint32_t>(*number) == std::bit_cast<uint32_t>(std::get<float>(b));
  if (const auto* graph = std::get_if<std::shared_ptr<const Graph>>(&a))
    return difference(**graph, *std::get<std::shared_ptr<const Graph>>(b)).empty();
  if (const auto* number = std::get_if<int64_t>(&a)) return *number == std::get<int64_t>(b);
  if (const auto* text = std::get_if<std::string>(&a)) return *text == std::get<std::string>(b);
  if (const auto* list = std::get_if<std::vector<int64_t>>(&a))
    return *list == std::get<std::vector<int64_t>>(b);
  if (const auto* list = std::get_if<std::vector<float>>(&a)) return *list == std::get<std::vector<float>>(b);
  return std::get<std::vector<std::string>>(a) == std::get<std::vector<std::string>>(b);
}

std::string node_difference(const Node& a, const Node& b) {
  if (a.name != b.name || a.op != b.op || a.domain != b.domain) return a.describe() + " is " + b.describe();
  if (a.inputs != b.inputs) return "inputs of " + a.describe();
  if (a.outputs != b.outputs) return "outputs of " + a.describe();
  if (a.attributes.size() != b.attributes.size()) return "number of attributes of " + a.describe();
  for (const auto& [name, value] : a.attributes)
    if (!b.attributes.contains(name) || !same_attribute(value, b.attributes.at(name)))
      return "attribute " + name + " of " + a.describe();
  return "";
}

bool same_values(const std::vector<ValueInfo>& a, const std::vector<ValueInfo>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const ValueInfo& left, const ValueInfo& right) {
                      return left.name == right.name && left.type.dtype == right.type.dtype &&
                             left.type.shape == right.type.shape && left.dim_names == right.dim_names;
                    });
}

}  // namespace

std::string difference(const Graph& a, const Graph& b) {
  if (a.name != b.name) return "graph name";
  if (!same_values(a.inputs, b.inputs)) return "inputs";
  if (!same_values(a.outputs, b.outputs)) return "outputs";
  if (a.metadata != b.metadata) return "metadata";
  if (a.initializers.size() != b.initializers.size()) return "number of initializers";
  for (const auto& [name, tensor] : a.initializers)
    if (!b.initializers.contains(name) || !same(tensor, b.initializers.at(name)))
      return "initializer " + name;
  if (a.nodes.size() != b.nodes.size()) return "number of nodes";
  for (size_t index = 0; index < a.nodes.size(); ++index)
    if (const std::string node = node_difference(a.nodes[index], b.nodes[index]); !node.empty()) return node;
  return "";
}

}  // namespace ridgeline::formats
