#include "formats/graph_builder.h"

#include "formats/op_schema.h"
#include "formats/value_facts.h"

namespace ridgeline::formats {

const Tensor* GraphBuilder::constant(const std::string& value) const {
  const auto entry = graph_.initializers.find(value);
  if (entry != graph_.initializers.end()) return &entry->second;
  return outer_ == nullptr ? nullptr : outer_->constant(value);
}

std::optional<std::vector<int64_t>> GraphBuilder::constant_ints(const std::string& value) const {
  const Tensor* tensor = constant(value);
  if (tensor == nullptr) return std::nullopt;
  if (tensor->dtype() == DType::kI64) {
    const auto values = tensor->as<int64_t>();
    return std::vector<int64_t>(values.begin(), values.end());
  }
  if (tensor->dtype() == DType::kI32) {
    const auto values = tensor->as<int32_t>();
    return std::vector<int64_t>(values.begin(), values.end());
  }
  return std::nullopt;
}

ValueFacts GraphBuilder::facts(const std::string& value) const {
  if (const auto entry = graph_.initializers.find(value); entry != graph_.initializers.end())
    return {entry->second.dtype(), entry->second.shape()};
  if (const auto entry = facts_.find(value); entry != facts_.end()) return entry->second;
  return outer_ == nullptr ? ValueFacts{} : outer_->facts(value);
}

std::optional<size_t> GraphBuilder::rank(const std::string& value) const {
  const ValueFacts known = facts(value);
  if (!known.shape) return std::nullopt;
  return known.shape->rank();
}

Status GraphBuilder::add_initializer(const std::string& name, Tensor tensor) {
  if (!graph_.initializers.emplace(name, std::move(tensor)).second)
    return invalid_argument("two initializers are named '{}': give each its own name", name);
  return {};
}

std::string GraphBuilder::add_constant(const std::string& base, Tensor tensor) {
  std::string name = names_.values.fresh(base);
  graph_.initializers.emplace(name, std::move(tensor));
  return name;
}

std::string GraphBuilder::add_constant_ints(const std::string& base, const std::vector<int64_t>& values) {
  const Shape shape{static_cast<int64_t>(values.size())};
  return add_constant(base, Tensor::from_values(shape, std::span(values)).value());
}

Status GraphBuilder::add(Node node) {
  node.name = node.name.empty() ? names_.nodes.fresh(fmt::format("{}_{}", node.op, graph_.nodes.size()))
                                : names_.nodes.claim(node.name);
  const size_t kept_inputs = node.op == "Loop" ? 2 : 0;
  while (node.inputs.size() > kept_inputs && node.inputs.back().empty()) node.inputs.pop_back();
  while (!node.outputs.empty() && node.outputs.back().empty()) node.outputs.pop_back();
  RETURN_IF_ERROR(check_against_schema(node));
  note_output_facts(node, *this);
  graph_.nodes.push_back(std::move(node));
  return {};
}

}  // namespace ridgeline::formats
