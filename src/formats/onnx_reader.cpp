#include "formats/onnx_reader.h"

#include <algorithm>
#include <set>
#include <utility>

#include "formats/normalise.h"
#include "formats/onnx.h"
#include "formats/onnx_tensor.h"
#include "formats/tensor_bytes.h"

namespace ridgeline::formats {
namespace {

/// Subgraphs and functions within each other; real models stay below ten.
constexpr int kMaxDepth = 24;
/// Functions that call functions can multiply; real models stay below a hundred thousand.
constexpr int64_t kMaxNodes = 4'000'000;

std::string domain_of(const std::string& domain) { return domain == "ai.onnx" ? "" : domain; }

std::string describe(const onnx::NodeProto& proto, int64_t index) {
  if (proto.name().empty()) return fmt::format("node {} ({})", index, proto.op_type());
  return fmt::format("node '{}' ({})", proto.name(), proto.op_type());
}

Result<ValueInfo> read_value_info(const onnx::ValueInfoProto& proto) {
  ValueInfo info;
  info.name = proto.name();
  if (!proto.type().has_tensor_type())
    return unsupported(
        "value '{}' is not a tensor but a sequence, map, optional or sparse tensor, which a graph cannot "
        "hold",
        proto.name());
  const onnx::TypeProto::Tensor& type = proto.type().tensor_type();
  ASSIGN_OR_RETURN(info.type.dtype, read_element_type(type.elem_type()));
  if (!type.has_shape()) return info;
  Shape shape;
  for (const auto& dim : type.shape().dim()) {
    // Some exporters write -1 where a dim_param belongs.
    const bool known = dim.has_dim_value() && dim.dim_value() != Shape::kUnknownDim;
    shape.dims().push_back(known ? dim.dim_value() : Shape::kUnknownDim);
    info.dim_names.push_back(dim.dim_param());
  }
  RETURN_IF_ERROR(check_dims(shape).with_context(fmt::format("shape of value '{}'", proto.name())));
  info.type.shape = std::move(shape);
  const bool anonymous = std::all_of(info.dim_names.begin(), info.dim_names.end(),
                                     [](const auto& name) { return name.empty(); });
  if (anonymous) info.dim_names.clear();
  return info;
}

void collect_uses(const Graph& graph, std::set<std::string>* used) {
  for (const ValueInfo& output : graph.outputs) used->insert(output.name);
  for (const Node& node : graph.nodes) {
    used->insert(node.inputs.begin(), node.inputs.end());
    for (const auto& [name, attribute] : node.attributes)
      if (const auto* nested = std::get_if<std::shared_ptr<const Graph>>(&attribute))
        collect_uses(**nested, used);
  }
}

/// Initializers that became attributes, and that no other node reads.
void drop_orphans(const std::set<std::string>& consumed, Graph& graph) {
  std::set<std::string> used;
  if (!consumed.empty()) collect_uses(graph, &used);
  for (const std::string& name : consumed)
    if (!used.contains(name)) graph.initializers.erase(name);
}

/// "op X" for a node that takes or makes the value, so that a refusal names what needs it.
std::string user_of(const onnx::GraphProto& graph, const std::string& value) {
  const auto uses = [&](const auto& names) {
    return std::find(names.begin(), names.end(), value) != names.end();
  };
  for (const onnx::NodeProto& node : graph.node())
    if (uses(node.input()) || uses(node.output())) return fmt::format("op {}", node.op_type());
  return "no op";
}

Attribute list_of_ints(const onnx::AttributeProto& proto) {
  return std::vector<int64_t>(proto.ints().begin(), proto.ints().end());
}

Attribute list_of_floats(const onnx::AttributeProto& proto) {
  return std::vector<float>(proto.floats().begin(), proto.floats().end());
}

Attribute list_of_strings(const onnx::AttributeProto& proto) {
  return std::vector<std::string>(proto.strings().begin(), proto.strings().end());
}

/// Files of IR version 1 leave the type out.
onnx::AttributeProto::AttributeType type_of(const onnx::AttributeProto& proto) {
  using Proto = onnx::AttributeProto;
  if (proto.type() != Proto::UNDEFINED) return proto.type();
  if (proto.has_i()) return Proto::INT;
  if (proto.has_f()) return Proto::FLOAT;
  if (proto.has_s()) return Proto::STRING;
  if (proto.has_t()) return Proto::TENSOR;
  if (proto.has_g()) return Proto::GRAPH;
  if (proto.floats_size() > 0) return Proto::FLOATS;
  if (proto.strings_size() > 0) return Proto::STRINGS;
  if (proto.ints_size() > 0) return Proto::INTS;
  return Proto::UNDEFINED;
}

}  // namespace

OnnxReader::Opsets OnnxReader::read_opsets(
    const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>& protos) {
  Opsets opsets;
  for (const auto& proto : protos) opsets[domain_of(proto.domain())] = proto.version();
  return opsets;
}

void OnnxReader::reserve_names(const google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes) {
  for (const onnx::NodeProto& node : nodes) {
    names_.nodes.reserve(node.name());
    for (const std::string& output : node.output()) names_.values.reserve(output);
    for (const onnx::AttributeProto& attribute : node.attribute())
      if (attribute.has_g()) reserve_names(attribute.g());
  }
}

void OnnxReader::reserve_names(const onnx::GraphProto& graph) {
  for (const auto& input : graph.input()) names_.values.reserve(input.name());
  for (const auto& initializer : graph.initializer()) names_.values.reserve(initializer.name());
  reserve_names(graph.node());
}

Result<Graph> OnnxReader::read() {
  if (!model_.has_graph())
    return invalid_argument("holds no graph: the file is empty, cut short or not an ONNX model");
  const Opsets opsets = read_opsets(model_.opset_import());
  reserve_names(model_.graph());
  for (const onnx::FunctionProto& function : model_.functions())
    if (!functions_
             .emplace(FunctionKey{domain_of(function.domain()), function.name(), function.overload()},
                      &function)
             .second)
      return invalid_argument("two functions are named '{}'", function.name());
  Scope scope{opsets, 0};
  ASSIGN_OR_RETURN(Graph graph, read_graph(model_.graph(), scope, nullptr));
  for (const auto& entry : model_.metadata_props()) graph.metadata.emplace(entry.key(), entry.value());
  drop_orphans(names_.consumed, graph);
  RETURN_IF_ERROR(sort_topologically(graph));
  return graph;
}

std::string OnnxReader::resolve(const std::string& name, Scope& scope) {
  if (name.empty() || !scope.in_function) return name;
  const auto [entry, is_new] = scope.values.try_emplace(name);
  if (is_new) entry->second = names_.values.fresh(scope.prefix + name);
  return entry->second;
}

Status OnnxReader::read_initializers(const onnx::GraphProto& proto, Scope& scope, GraphBuilder& builder) {
  if (proto.sparse_initializer_size() > 0)
    return unsupported("initializer '{}' is sparse: save the model with dense weights",
                       proto.sparse_initializer(0).values().name());
  for (const onnx::TensorProto& tensor : proto.initializer()) {
    if (tensor.name().empty()) return invalid_argument("an initializer has no name");
    ASSIGN_OR_RETURN(Tensor value, read_tensor(tensor, external_));
    RETURN_IF_ERROR(builder.add_initializer(resolve(tensor.name(), scope), std::move(value)));
  }
  return {};
}

Status OnnxReader::read_interface(const onnx::GraphProto& proto, Scope& scope, GraphBuilder& builder,
                                  bool is_model) {
  const auto read = [&](const onnx::ValueInfoProto& value) -> Result<ValueInfo> {
    if (value.name().empty())
      return invalid_argument("an input or output of graph '{}' has no name", proto.name());
    ValueInfo info;
    if (is_model || value.has_type()) {
      Result<ValueInfo> typed = read_value_info(value);
      if (!typed.ok())
        return std::move(typed).status().with_context(
            fmt::format("graph interface, used by {}", user_of(proto, value.name())));
      info = std::move(typed).value();
    }
    info.name = resolve(value.name(), scope);
    return info;
  };
  const std::vector<ValueFacts> hints = std::exchange(scope.body_inputs, {});
  for (const onnx::ValueInfoProto& value : proto.input()) {
    // Before IR version 4 each initializer was listed as an input too; later that marks a default value.
    if (builder.graph().initializers.contains(resolve(value.name(), scope))) continue;
    ASSIGN_OR_RETURN(ValueInfo info, read(value));
    const auto& inputs = builder.graph().inputs;
    if (std::any_of(inputs.begin(), inputs.end(),
                    [&](const ValueInfo& other) { return other.name == info.name; }))
      return invalid_argument("two graph inputs are named '{}': give each its own name", info.name);
    const size_t index = builder.graph().inputs.size();
    if (!value.has_type() && index < hints.size())
      info.type = {hints[index].dtype.value_or(DType::kF32), hints[index].shape};
    if (value.has_type() || index < hints.size())
      builder.set_facts(info.name, {info.type.dtype, info.type.shape});
    builder.graph().inputs.push_back(std::move(info));
  }
  for (const onnx::ValueInfoProto& value : proto.output()) {
    ASSIGN_OR_RETURN(ValueInfo info, read(value));
    builder.graph().outputs.push_back(std::move(info));
  }
  return {};
}

void OnnxReader::note_value_types(const onnx::GraphProto& proto, Scope& scope, GraphBuilder& builder) {
  const auto note = [&](const onnx::ValueInfoProto& value) {
    const Result<ValueInfo> info = read_value_info(value);
    if (info.ok()) builder.set_facts(resolve(value.name(), scope), {info->type.dtype, info->type.shape});
  };
  std::for_each(proto.value_info().begin(), proto.value_info().end(), note);
  std::for_each(proto.output().begin(), proto.output().end(), note);
}

Result<Graph> OnnxReader::read_graph(const onnx::GraphProto& proto, Scope& scope, const GraphBuilder* outer) {
  if (++scope.depth > kMaxDepth)
    return unsupported("subgraphs lie more than {} deep within each other", kMaxDepth);
  GraphBuilder builder(names_, outer);
  builder.graph().name = proto.name();
  RETURN_IF_ERROR(read_initializers(proto, scope, builder));
  note_value_types(proto, scope, builder);
  RETURN_IF_ERROR(read_interface(proto, scope, builder, outer == nullptr));
  for (const onnx::NodeProto& node : proto.node()) RETURN_IF_ERROR(read_node(node, scope, builder));
  for (int index = 0; index < proto.output_size(); ++index)
    if (ValueInfo& output = builder.graph().outputs[static_cast<size_t>(index)];
        !proto.output(index).has_type())
      output.type.dtype = builder.facts(output.name).dtype.value_or(DType::kF32);
  --scope.depth;
  return std::move(builder.graph());
}

std::vector<ValueFacts> OnnxReader::loop_body_inputs(const Node& node, const GraphBuilder& builder) {
  if (node.op != "Loop" || !node.domain.empty()) return {};
  std::vector<ValueFacts> facts = {{DType::kI64, Shape{}}, {DType::kBool, Shape{}}};
  // A carried value may change its shape from turn to turn.
  for (size_t index = 2; index < node.inputs.size(); ++index)
    facts.push_back({builder.facts(node.inputs[index]).dtype, {}});
  return facts;
}

Status OnnxReader::read_node(const onnx::NodeProto& proto, Scope& scope, GraphBuilder& builder) {
  const std::string who = describe(proto, nodes_read_);
  if (++nodes_read_ > kMaxNodes)
    return unsupported("has more than {} nodes once its functions are inlined", kMaxNodes);
  const auto read = [&]() -> Status {
    if (proto.op_type().empty()) return invalid_argument("has no op_type");
    Node node{
        .name = scope.prefix + proto.name(), .op = proto.op_type(), .domain = domain_of(proto.domain())};
    if (proto.name().empty()) node.name.clear();
    for (const std::string& input : proto.input()) node.inputs.push_back(resolve(input, scope));
    for (const std::string& output : proto.output()) node.outputs.push_back(resolve(output, scope));
    scope.body_inputs = loop_body_inputs(node, builder);
    ASSIGN_OR_RETURN(node.attributes, read_attributes(proto, scope, builder));

    const auto function = functions_.find({node.domain, node.op, proto.overload()});
    if (function != functions_.end()) return inline_function(node, *function->second, scope.depth, builder);
    if (node.domain == "com.microsoft") return builder.add(std::move(node));
    if (!node.domain.empty())
      return unsupported("op {} of domain '{}' is unknown: only ONNX's own ops and com.microsoft's are read",
                         node.op, node.domain);
    const auto opset = scope.opsets.find("");
    if (opset == scope.opsets.end()) return invalid_argument("opset_import names no version of ai.onnx");
    if (node.op == "Constant") return read_constant(std::move(node), builder);
    return normalise(std::move(node), opset->second, builder);
  };
  return read().with_context(who);
}

Status OnnxReader::read_constant(Node node, GraphBuilder& builder) {
  if (node.outputs.size() != 1 || node.outputs[0].empty() || node.attributes.size() != 1)
    return invalid_argument("a Constant takes one value attribute and has one output");
  const auto& [field, value] = *node.attributes.begin();
  const auto tensor_of = [&]() -> Result<Tensor> {
    if (const auto* tensor = std::get_if<Tensor>(&value); tensor != nullptr && field == "value")
      return *tensor;
    if (const auto* number = std::get_if<int64_t>(&value); number != nullptr && field == "value_int")
      return Tensor::from_values(Shape{}, std::span(number, 1));
    if (const auto* number = std::get_if<float>(&value); number != nullptr && field == "value_float")
      return Tensor::from_values(Shape{}, std::span(number, 1));
    if (const auto* list = std::get_if<std::vector<int64_t>>(&value);
        list != nullptr && field == "value_ints")
      return Tensor::from_values(Shape{static_cast<int64_t>(list->size())}, std::span(*list));
    if (const auto* list = std::get_if<std::vector<float>>(&value);
        list != nullptr && field == "value_floats")
      return Tensor::from_values(Shape{static_cast<int64_t>(list->size())}, std::span(*list));
    if (const auto* text = std::get_if<std::string>(&value); text != nullptr && field == "value_string")
      return make_string_tensor(Shape{}, {*text});
    if (const auto* list = std::get_if<std::vector<std::string>>(&value);
        list != nullptr && field == "value_strings")
      return make_string_tensor(Shape{static_cast<int64_t>(list->size())}, *list);
    return unsupported("attribute '{}' of a Constant cannot be read: use value", field);
  };
  ASSIGN_OR_RETURN(Tensor tensor, tensor_of());
  return builder.add_initializer(node.outputs[0], std::move(tensor));
}

Status OnnxReader::inline_function(const Node& call, const onnx::FunctionProto& function, int depth,
                                   GraphBuilder& builder) {
  if (depth >= kMaxDepth)
    return unsupported("functions lie more than {} deep within each other, or call themselves", kMaxDepth);
  const auto input_count = static_cast<size_t>(function.input_size());
  const auto output_count = static_cast<size_t>(function.output_size());
  if (call.inputs.size() > input_count || call.outputs.size() > output_count)
    return invalid_argument("has {} inputs and {} outputs, but function '{}' has {} and {}",
                            call.inputs.size(), call.outputs.size(), function.name(), input_count,
                            output_count);
  const Opsets opsets = read_opsets(function.opset_import());
  Scope scope{opsets, depth + 1, true, (call.name.empty() ? call.op : call.name) + "/", {}, call.attributes};
  for (size_t index = 0; index < input_count; ++index)
    scope.values[function.input(static_cast<int>(index))] =
        index < call.inputs.size() ? call.inputs[index] : "";
  for (size_t index = 0; index < call.outputs.size(); ++index)
    if (!call.outputs[index].empty()) {
      const auto [formal, is_new] =
          scope.values.emplace(function.output(static_cast<int>(index)), call.outputs[index]);
      // An output that is an input: the body makes no value of its own for it.
      if (!is_new)
        RETURN_IF_ERROR(
            builder.add({.op = "Identity", .inputs = {formal->second}, .outputs = {call.outputs[index]}}));
    }
  for (const onnx::AttributeProto& fallback : function.attribute_proto()) {
    if (scope.attributes.contains(fallback.name())) continue;
    ASSIGN_OR_RETURN(Attribute value, read_attribute(fallback, scope, builder));
    scope.attributes.emplace(fallback.name(), std::move(value));
  }
  for (const onnx::NodeProto& node : function.node()) RETURN_IF_ERROR(read_node(node, scope, builder));
  return {};
}

Result<std::map<std::string, Attribute>> OnnxReader::read_attributes(const onnx::NodeProto& proto,
                                                                     Scope& scope, GraphBuilder& builder) {
  std::map<std::string, Attribute> attributes;
  for (const onnx::AttributeProto& attribute : proto.attribute()) {
    if (!attribute.ref_attr_name().empty()) {
      if (!scope.in_function)
        return invalid_argument("attribute '{}' refers to a function's attribute outside of a function",
                                attribute.name());
      const auto given = scope.attributes.find(attribute.ref_attr_name());
      if (given != scope.attributes.end()) attributes.emplace(attribute.name(), given->second);
      continue;
    }
    Result<Attribute> value = read_attribute(attribute, scope, builder);
    if (!value.ok())
      return std::move(value).status().with_context(fmt::format("attribute '{}'", attribute.name()));
    if (!attributes.emplace(attribute.name(), std::move(value).value()).second)
      return invalid_argument("has two attributes named '{}'", attribute.name());
  }
  return attributes;
}

Result<Attribute> OnnxReader::read_attribute(const onnx::AttributeProto& proto, Scope& scope,
                                             GraphBuilder& builder) {
  using Proto = onnx::AttributeProto;
  switch (type_of(proto)) {
    case Proto::INT:
      return Attribute(proto.i());
    case Proto::FLOAT:
      return Attribute(proto.f());
    case Proto::STRING:
      return Attribute(proto.s());
    case Proto::INTS:
      return list_of_ints(proto);
    case Proto::FLOATS:
      return list_of_floats(proto);
    case Proto::STRINGS:
      return list_of_strings(proto);
    case Proto::TENSOR: {
      ASSIGN_OR_RETURN(Tensor tensor, read_tensor(proto.t(), external_));
      return Attribute(std::move(tensor));
    }
    case Proto::GRAPH: {
      ASSIGN_OR_RETURN(Graph graph, read_graph(proto.g(), scope, &builder));
      return Attribute(std::make_shared<const Graph>(std::move(graph)));
    }
    case Proto::UNDEFINED:
      return invalid_argument("has no value");
    default:
      return unsupported("lists of tensors or graphs, sparse tensors and types cannot be held");
  }
}

}  // namespace ridgeline::formats
