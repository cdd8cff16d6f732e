#include "graph/ops/infer_context.h"

#include <algorithm>
#include <cmath>

#include "graph/ops/families.h"
#include "tensor/half.h"

namespace ridgeline::ops {
namespace {

constexpr int64_t kMaxTrackedElements = 1024;

/// What no shape can hold is unknown (NaN, after a division by 0) or cut to ±9e18, which fits int64:
/// exporters write INT64_MAX for "to the end".
void tame(PartialValue& value) {
  constexpr double kLimit = 9.0e18;
  for (auto& element : value) {
    if (element && std::isnan(*element)) element.reset();
    if (element) element = std::clamp(*element, -kLimit, kLimit);
  }
}

/// Bounds that keep the shape functions' sums and products of two within int64.
Status check_shape(std::string_view value, const std::optional<Shape>& shape) {
  constexpr int64_t kMaxDim = int64_t{1} << 48;
  if (!shape) return {};
  for (const int64_t dim : *shape) {
    if (dim < Shape::kUnknownDim) return invalid_argument("'{}' would have a negative dimension", value);
    if (dim > kMaxDim) return invalid_argument("'{}' of shape {} is too large", value, shape->to_string());
  }
  if (shape->is_static() && !shape->checked_element_count(8).ok())
    return invalid_argument("'{}' of shape {} is too large", value, shape->to_string());
  return {};
}

std::optional<PartialValue> elements_of(const Tensor& tensor) {
  if (tensor.empty() || tensor.dtype() == DType::kString || tensor.element_count() > kMaxTrackedElements)
    return std::nullopt;
  const Result<Tensor> wide = convert(tensor, DType::kF64);
  if (!wide.ok()) return std::nullopt;
  PartialValue value;
  for (const double element : wide->as<double>()) value.emplace_back(element);
  tame(value);
  return value;
}

void declare(Scope& scope, const std::string& name, const Tensor& tensor) {
  scope.types[name] = {tensor.dtype(), tensor.shape()};
  if (auto value = elements_of(tensor)) scope.values[name] = std::move(*value);
}

Status declare_input(Scope& scope, const ValueInfo& input, const InputShapes& input_shapes) {
  ValueType type = input.type;
  const auto given = input_shapes.find(input.name);
  if (given != input_shapes.end()) {
    if (type.shape && type.shape->rank() != given->second.rank())
      return invalid_argument("input '{}' has rank {}, not that of {}", input.name, type.shape->rank(),
                              given->second.to_string());
    for (size_t i = 0; type.shape && i < type.shape->rank(); ++i)
      if ((*type.shape)[i] >= 0 && (*type.shape)[i] != given->second[i])
        return invalid_argument("input '{}' is fixed at {} and cannot be {}", input.name,
                                type.shape->to_string(), given->second.to_string());
    type.shape = given->second;
  }
  scope.types[input.name] = type;
  return check_shape(input.name, type.shape);
}

Status check_known_dims(const InferContext& context, const Scope& scope) {
  for (const std::string& output : context.node().outputs) {
    const ValueType* type = output.empty() ? nullptr : scope.type(output);
    if (type != nullptr)
      RETURN_IF_ERROR(check_shape(output, type->shape).with_context(context.node().describe()));
  }
  return {};
}

Status infer_node(const Node& node, Scope& scope) {
  const OpRow* row = find_op(node.domain, node.op);
  if (row == nullptr)
    return unsupported("{}: op {}{} is not known to this build", node.describe(),
                       node.domain.empty() ? "" : node.domain + ".", node.op);
  InferContext context(node, scope);
  const auto count = static_cast<int>(node.inputs.size());
  if (count < row->min_inputs || count > row->max_inputs)
    return context.error("takes {} to {} inputs, not {}", row->min_inputs, row->max_inputs, count);
  for (int i = 0; i < row->min_inputs; ++i)
    if (!node.has_input(static_cast<size_t>(i)) && row->max_inputs != kAnyNumber)
      return context.error("input {} is absent", i);
  for (const std::string& output : node.outputs)
    if (!output.empty()) scope.types[output] = {count > 0 ? context.dtype(0) : DType::kF32, std::nullopt};
  RETURN_IF_ERROR(row->infer(context));
  return check_known_dims(context, scope);
}

}  // namespace

const ValueType* Scope::type(const std::string& name) const {
  if (const auto found = types.find(name); found != types.end()) return &found->second;
  return outer == nullptr ? nullptr : outer->type(name);
}

const PartialValue* Scope::value(const std::string& name) const {
  if (const auto found = values.find(name); found != values.end()) return &found->second;
  return outer == nullptr || types.contains(name) ? nullptr : outer->value(name);
}

const Tensor* Scope::constant(const std::string& name) const {
  if (const Tensor* tensor = graph->initializer(name)) return tensor;
  return outer == nullptr || types.contains(name) ? nullptr : outer->constant(name);
}

ValueType InferContext::input(size_t i) const {
  const ValueType* type = has_input(i) ? scope_.type(node_.inputs[i]) : nullptr;
  return type == nullptr ? ValueType{} : *type;
}

const PartialValue* InferContext::value(size_t i) const {
  return has_input(i) ? scope_.value(node_.inputs[i]) : nullptr;
}

std::optional<std::vector<int64_t>> InferContext::ints(size_t i) const {
  const PartialValue* partial = value(i);
  if (partial == nullptr) return std::nullopt;
  std::vector<int64_t> whole;
  for (const auto& element : *partial) {
    if (!element) return std::nullopt;
    whole.push_back(static_cast<int64_t>(*element));
  }
  return whole;
}

const Tensor* InferContext::constant(size_t i) const {
  return has_input(i) ? scope_.constant(node_.inputs[i]) : nullptr;
}

void InferContext::set_output(size_t i, DType dtype, std::optional<Shape> shape) {
  if (node_.has_output(i)) scope_.types[node_.outputs[i]] = {dtype, std::move(shape)};
}

void InferContext::set_value(size_t i, PartialValue value) {
  if (!node_.has_output(i) || value.size() > kMaxTrackedElements) return;
  tame(value);
  const std::string& output = node_.outputs[i];
  const ValueType* type = scope_.type(output);
  if (type != nullptr && type->dtype == DType::kF32)  // 0.7F × 10 is 7 in float, below it in double
    for (auto& element : value)
      if (element) element = static_cast<float>(*element);
  scope_.values[output] = std::move(value);
}

Result<size_t> InferContext::axis_of(int64_t axis, size_t rank) const {
  const auto signed_rank = static_cast<int64_t>(rank);
  if (axis < -signed_rank || axis >= signed_rank)
    return error("axis {} is outside a tensor of rank {}", axis, rank);
  return static_cast<size_t>(axis < 0 ? axis + signed_rank : axis);
}

Result<Scope> infer_scope(const Graph& graph, const InputShapes& input_shapes, const Scope* outer,
                          DataSizes data_sizes) {
  Scope scope{.outer = outer, .graph = &graph, .data_sizes = data_sizes};
  for (const auto& [name, tensor] : graph.initializers) declare(scope, name, tensor);
  for (const ValueInfo& input : graph.inputs) RETURN_IF_ERROR(declare_input(scope, input, input_shapes));
  for (const Node& node : graph.nodes) RETURN_IF_ERROR(infer_node(node, scope));
  return scope;
}

std::vector<OpRow> all_ops() {
  std::vector<OpRow> rows;
  for (const auto family :
       {elementwise_ops(), window_ops(), matrix_ops(), layout_ops(), index_ops(), reduce_ops(),
        normalisation_ops(), creation_ops(), quantize_ops(), detection_ops(), control_ops()})
    rows.insert(rows.end(), family.begin(), family.end());
  std::sort(rows.begin(), rows.end(), [](const OpRow& a, const OpRow& b) {
    return std::pair(a.domain, a.name) < std::pair(b.domain, b.name);
  });
  return rows;
}

const OpRow* find_op(std::string_view domain, std::string_view name) {
  static const std::vector<OpRow> kRows = all_ops();
  const auto key = std::pair(domain == "ai.onnx" ? std::string_view{} : domain, name);
  const auto found = std::lower_bound(
      kRows.begin(), kRows.end(), key,
      [](const OpRow& row, const auto& wanted) { return std::pair(row.domain, row.name) < wanted; });
  return found != kRows.end() && std::pair(found->domain, found->name) == key ? &*found : nullptr;
}

std::optional<Shape> broadcast(const Shape& a, const Shape& b) {
  const size_t rank = std::max(a.rank(), b.rank());
  Shape out{std::vector<int64_t>(rank)};
  for (size_t i = 0; i < rank; ++i) {
    const int64_t x = i < rank - a.rank() ? 1 : a[i - (rank - a.rank())];
    const int64_t y = i < rank - b.rank() ? 1 : b[i - (rank - b.rank())];
    if (x == y || y == 1)
      out[i] = x;
    else if (x == 1 || x == Shape::kUnknownDim)
      out[i] = y;
    else if (y == Shape::kUnknownDim)
      out[i] = x;
    else
      return std::nullopt;
  }
  return out;
}

std::optional<int64_t> multiply_dims(int64_t a, int64_t b) {
  constexpr int64_t kMax = int64_t{1} << 48;
  if (a < 0 || b < 0) return Shape::kUnknownDim;
  if (b != 0 && a > kMax / b) return std::nullopt;
  return a * b;
}

void pick_values(InferContext& context, int64_t first, std::span<const int64_t> strides) {
  const PartialValue* values = context.value(0);
  if (values == nullptr || !context.node().has_output(0)) return;
  const ValueType* type = context.scope().type(context.node().outputs[0]);
  if (type == nullptr || !type->shape || !type->shape->is_static()) return;
  const Shape& out = *type->shape;
  const Result<int64_t> count = out.checked_element_count(1);
  if (!count.ok() || *count > kMaxTrackedElements) return;
  PartialValue picked;
  for (int64_t i = 0; i < *count; ++i) {
    int64_t at = first;
    int64_t rest = i;
    for (size_t axis = out.rank(); axis-- > 0; rest /= out[axis]) at += rest % out[axis] * strides[axis];
    if (at < 0 || at >= static_cast<int64_t>(values->size())) return;
    picked.push_back((*values)[static_cast<size_t>(at)]);
  }
  context.set_value(0, std::move(picked));
}

int64_t count_of(const std::optional<Shape>& shape) {
  return shape && shape->is_static() ? shape->element_count() : Shape::kUnknownDim;
}

Status same_as_input(InferContext& context) {
  context.set_output(0, context.dtype(0), context.shape(0));
  return {};
}

Status like_numpy(InferContext& context) {
  std::optional<Shape> shape = context.shape(0);
  for (size_t i = 1; i < context.input_count(); ++i) {
    const auto other = context.shape(i);
    if (!shape || !other) {
      shape.reset();
      break;
    }
    const auto both = broadcast(*shape, *other);
    if (!both)
      return context.error("shapes {} and {} do not broadcast", shape->to_string(), other->to_string());
    shape = both;
  }
  context.set_output(0, context.dtype(0), shape);
  return {};
}

}  // namespace ridgeline::ops

namespace ridgeline {

Result<TypeMap> infer_types(const Graph& graph, const InputShapes& input_shapes, DataSizes data_sizes) {
  for (const auto& [name, shape] : input_shapes) {
    const auto is_input = [&](const ValueInfo& input) { return input.name == name; };
    if (std::none_of(graph.inputs.begin(), graph.inputs.end(), is_input))
      return invalid_argument("the model has no input '{}'", name);
  }
  ASSIGN_OR_RETURN(ops::Scope scope, ops::infer_scope(graph, input_shapes, nullptr, data_sizes));
  scope.types.merge(scope.nested);
  return std::move(scope.types);
}

}  // namespace ridgeline
