#include "graph/graph.h"

namespace ridgeline {
namespace {

template <typename T>
const T* find(const std::map<std::string, Attribute>& attributes, std::string_view name) {
  const auto entry = attributes.find(std::string(name));
  return entry == attributes.end() ? nullptr : std::get_if<T>(&entry->second);
}

}  // namespace

bool Node::has(std::string_view attribute) const { return attributes.contains(std::string(attribute)); }

int64_t Node::int_or(std::string_view attribute, int64_t fallback) const {
  const auto* value = find<int64_t>(attributes, attribute);
  return value == nullptr ? fallback : *value;
}

float Node::float_or(std::string_view attribute, float fallback) const {
  const auto* value = find<float>(attributes, attribute);
  return value == nullptr ? fallback : *value;
}

std::string Node::string_or(std::string_view attribute, std::string_view fallback) const {
  const auto* value = find<std::string>(attributes, attribute);
  return value == nullptr ? std::string(fallback) : *value;
}

std::vector<int64_t> Node::ints_or(std::string_view attribute, std::vector<int64_t> fallback) const {
  const auto* value = find<std::vector<int64_t>>(attributes, attribute);
  return value == nullptr ? std::move(fallback) : *value;
}

const Tensor* Node::tensor(std::string_view attribute) const { return find<Tensor>(attributes, attribute); }

const Graph* Node::subgraph(std::string_view attribute) const {
  const auto* value = find<std::shared_ptr<const Graph>>(attributes, attribute);
  return value == nullptr ? nullptr : value->get();
}

std::string Node::describe() const { return fmt::format("{} '{}'", op, name); }

const Tensor* Graph::initializer(std::string_view value) const {
  const auto entry = initializers.find(std::string(value));
  return entry == initializers.end() ? nullptr : &entry->second;
}

int64_t Graph::parameter_count() const {
  int64_t count = 0;
  for (const auto& [value, tensor] : initializers) count += tensor.element_count();
  for (const Node& node : nodes)
    for (const auto& [key, attribute] : node.attributes)
      if (const auto* nested = std::get_if<std::shared_ptr<const Graph>>(&attribute))
        count += (*nested)->parameter_count();
  return count;
}

}  // namespace ridgeline
