#include "graph/passes/rewriter.h"

#include <algorithm>

#include "graph/uses.h"

namespace ridgeline::passes {

const Tensor* f32_constant(const Graph& graph, const Node& node, size_t input, size_t rank) {
  const Tensor* tensor = node.has_input(input) ? graph.initializer(node.inputs[input]) : nullptr;
  return tensor != nullptr && tensor->dtype() == DType::kF32 && tensor->shape().rank() == rank ? tensor
                                                                                               : nullptr;
}

const Shape* f32_shape(const TypeMap& types, const std::string& value) {
  const auto type = types.find(value);
  const bool is_known = type != types.end() && type->second.dtype == DType::kF32 && type->second.shape &&
                        type->second.shape->is_static();
  return is_known ? &*type->second.shape : nullptr;
}

Rewriter::Rewriter(Graph& graph) : graph_(graph) {
  for (const ValueInfo& output : graph.outputs) outputs_.insert(output.name);
  for (size_t index = 0; index < graph.nodes.size(); ++index) {
    const Node& node = graph.nodes[index];
    for (const std::string& output : node.outputs)
      if (!output.empty()) producers_[output] = index;
    for (const std::string& input : node.inputs)
      if (!input.empty()) readers_[input].push_back(index);
    for (const auto& [name, attribute] : node.attributes)
      if (const auto* nested = std::get_if<std::shared_ptr<const Graph>>(&attribute))
        captured_.merge(captured_values(**nested));
  }
}

std::optional<size_t> Rewriter::producer(const std::string& value) const {
  const auto found = producers_.find(value);
  return found == producers_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<size_t> Rewriter::private_readers(const std::string& value) const {
  const auto found = readers_.find(value);
  if (found == readers_.end() || is_graph_output(value) || is_captured(value)) return {};
  return found->second;
}

std::optional<size_t> Rewriter::only_reader(const std::string& value) const {
  const std::vector<size_t> readers = private_readers(value);
  return readers.size() == 1 ? std::optional(readers.front()) : std::nullopt;
}

void Rewriter::finish() {
  size_t index = 0;
  std::erase_if(graph_.nodes, [&](const Node&) { return dropped_.contains(index++); });
}

std::string Rewriter::fresh_name(const std::string& wish) {
  const auto is_taken = [&](const std::string& name) {
    return graph_.initializers.contains(name) || producers_.contains(name) || readers_.contains(name) ||
           outputs_.contains(name) || captured_.contains(name) || fresh_.contains(name);
  };
  std::string name = wish;
  for (int suffix = 2; is_taken(name); ++suffix) name = wish + "." + std::to_string(suffix);
  fresh_.insert(name);
  return name;
}

}  // namespace ridgeline::passes
