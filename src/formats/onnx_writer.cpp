#include <algorithm>
#include <filesystem>
#include <onnx-ml.pb.h>

#include "base/file.h"
#include "base/version.h"
#include "formats/onnx.h"
#include "formats/onnx_tensor.h"
#include "formats/op_schema.h"
#include "formats/opset_forms.h"
#include "graph/infer.h"
#include "graph/onnx_dtype.h"

namespace ridgeline::formats {
namespace {

/// The IR version of the ONNX release that brought an opset, from ONNX's own table of versions.
constexpr int64_t ir_version_of(int64_t opset) {
  if (opset <= 14) return 7;
  if (opset <= 18) return 8;
  return opset <= 20 ? 9 : 10;
}

constexpr std::string_view kFusedDomain = "ridgeline";
/// Tensors smaller than this stay in the model's own file, as ONNX's tools do it.
constexpr size_t kMinExternalBytes = 1024;
/// So that a reader can map tensors in place.
constexpr size_t kExternalAlignment = 64;

/// Where weights go that do not fit into the model's file.
struct ExternalSink {
  std::string location;  ///< file name, beside the model
  std::string bytes;

  void write(const Tensor& tensor, std::string_view name, onnx::TensorProto* proto) {
    bytes.resize((bytes.size() + kExternalAlignment - 1) / kExternalAlignment * kExternalAlignment);
    write_tensor_header(tensor, name, proto);
    proto->set_data_location(onnx::TensorProto::EXTERNAL);
    add_entry("location", location, proto);
    add_entry("offset", std::to_string(bytes.size()), proto);
    add_entry("length", std::to_string(tensor.byte_size()), proto);
    bytes.append(reinterpret_cast<const char*>(tensor.data()), tensor.byte_size());
  }

 private:
  static void add_entry(std::string_view key, std::string_view value, onnx::TensorProto* proto) {
    onnx::StringStringEntryProto* entry = proto->add_external_data();
    entry->set_key(std::string(key));
    entry->set_value(std::string(value));
  }
};

Status check_exportable(const Node& node) {
  if (node.domain == kFusedDomain)
    return unsupported(
        "{}: op {} is Ridgeline's own fusion, which ONNX lacks: export the graph before its fusion passes",
        node.describe(), node.op);
  return check_against_schema(node).with_context(node.describe());
}

void write_type(const ValueInfo& value, onnx::ValueInfoProto* proto) {
  proto->set_name(value.name);
  onnx::TypeProto::Tensor* type = proto->mutable_type()->mutable_tensor_type();
  type->set_elem_type(static_cast<int32_t>(onnx_number_of(value.type.dtype)));
  if (!value.type.shape) return;
  onnx::TensorShapeProto* shape = type->mutable_shape();
  for (size_t axis = 0; axis < value.type.shape->rank(); ++axis) {
    onnx::TensorShapeProto::Dimension* dim = shape->add_dim();
    const bool named = axis < value.dim_names.size() && !value.dim_names[axis].empty();
    if ((*value.type.shape)[axis] != Shape::kUnknownDim)
      dim->set_dim_value((*value.type.shape)[axis]);
    else if (named)
      dim->set_dim_param(value.dim_names[axis]);
  }
}

Status write_graph(const Graph& graph, ExternalSink* sink, onnx::GraphProto* proto);

struct AttributeWriter {
  onnx::AttributeProto* proto;
  using Proto = onnx::AttributeProto;

  Status operator()(int64_t value) const {
    return proto->set_type(Proto::INT), proto->set_i(value), Status();
  }
  Status operator()(float value) const {
    return proto->set_type(Proto::FLOAT), proto->set_f(value), Status();
  }
  Status operator()(const std::string& value) const {
    return proto->set_type(Proto::STRING), proto->set_s(value), Status();
  }
  Status operator()(const std::vector<int64_t>& values) const {
    proto->set_type(Proto::INTS);
    proto->mutable_ints()->Add(values.begin(), values.end());
    return {};
  }
  Status operator()(const std::vector<float>& values) const {
    proto->set_type(Proto::FLOATS);
    proto->mutable_floats()->Add(values.begin(), values.end());
    return {};
  }
  Status operator()(const std::vector<std::string>& values) const {
    proto->set_type(Proto::STRINGS);
    for (const std::string& value : values) proto->add_strings(value);
    return {};
  }
  Status operator()(const Tensor& tensor) const {
    proto->set_type(Proto::TENSOR);
    write_tensor(tensor, "", proto->mutable_t());
    return {};
  }
  Status operator()(const std::shared_ptr<const Graph>& graph) const {
    proto->set_type(Proto::GRAPH);
    return write_graph(*graph, nullptr, proto->mutable_g());
  }
};

Status write_node(const Node& node, onnx::NodeProto* proto) {
  proto->set_name(node.name);
  proto->set_op_type(node.op);
  proto->set_domain(node.domain);
  for (const std::string& input : node.inputs) proto->add_input(input);
  for (const std::string& output : node.outputs) proto->add_output(output);
  for (const auto& [name, value] : node.attributes) {
    onnx::AttributeProto* attribute = proto->add_attribute();
    attribute->set_name(name);
    RETURN_IF_ERROR(std::visit(AttributeWriter{attribute}, value));
  }
  return {};
}

/// Large tensors go to `sink` unless it is null.
Status write_graph(const Graph& graph, ExternalSink* sink, onnx::GraphProto* proto) {
  proto->set_name(graph.name.empty() ? "graph" : graph.name);
  for (const ValueInfo& input : graph.inputs) write_type(input, proto->add_input());
  for (const ValueInfo& output : graph.outputs) write_type(output, proto->add_output());
  for (const auto& [name, tensor] : graph.initializers) {
    onnx::TensorProto* initializer = proto->add_initializer();
    if (sink != nullptr && tensor.dtype() != DType::kString && tensor.byte_size() >= kMinExternalBytes)
      sink->write(tensor, name, initializer);
    else
      write_tensor(tensor, name, initializer);
  }
  for (const Node& node : graph.nodes) RETURN_IF_ERROR(write_node(node, proto->add_node()));
  return {};
}

/// The checker of ONNX wants a shape for each output; where the graph names none it may follow from the
/// inputs.
void add_missing_output_shapes(const Graph& graph, onnx::GraphProto* proto) {
  const auto lacks_shape = [](const ValueInfo& output) { return !output.type.shape; };
  if (std::none_of(graph.outputs.begin(), graph.outputs.end(), lacks_shape)) return;
  const Result<TypeMap> types = infer_types(graph);
  if (!types.ok()) return;
  for (size_t index = 0; index < graph.outputs.size(); ++index) {
    ValueInfo output = graph.outputs[index];
    const auto inferred = types->find(output.name);
    if (output.type.shape || inferred == types->end()) continue;
    output.type.shape = inferred->second.shape;
    write_type(output, proto->mutable_output(static_cast<int>(index)));
  }
}

bool uses_domain(const Graph& graph, std::string_view domain) {
  for (const Node& node : graph.nodes) {
    if (node.domain == domain) return true;
    for (const auto& [name, value] : node.attributes)
      if (const auto* subgraph = std::get_if<std::shared_ptr<const Graph>>(&value);
          subgraph != nullptr && uses_domain(**subgraph, domain))
        return true;
  }
  return false;
}

/// Of every node, those of subgraphs too, in the form that a Graph holds.
Status check_exportable(const Graph& graph) {
  for (const Node& node : graph.nodes) {
    RETURN_IF_ERROR(check_exportable(node));
    for (const auto& [name, attribute] : node.attributes)
      if (const auto* subgraph = std::get_if<std::shared_ptr<const Graph>>(&attribute))
        RETURN_IF_ERROR(check_exportable(**subgraph));
  }
  return {};
}

void import_opset(std::string_view domain, int64_t version, onnx::ModelProto* model) {
  onnx::OperatorSetIdProto* opset = model->add_opset_import();
  opset->set_domain(std::string(domain));
  opset->set_version(version);
}

Status write_model(const Graph& graph, const ExportOptions& options, ExternalSink* sink,
                   onnx::ModelProto* model) {
  if (options.opset < kOldestWrittenOpset || options.opset > kMaxOpset)
    return unsupported("opset {} cannot be written, only {} to {}", options.opset, kOldestWrittenOpset,
                       kMaxOpset);
  RETURN_IF_ERROR(check_exportable(graph));
  ASSIGN_OR_RETURN(const Graph formed, in_opset(graph, options.opset));
  model->set_ir_version(ir_version_of(options.opset));
  model->set_producer_name("ridgeline");
  model->set_producer_version(std::string(kVersion));
  import_opset("", options.opset, model);
  if (uses_domain(graph, "com.microsoft")) import_opset("com.microsoft", 1, model);
  for (const auto& [key, value] : graph.metadata) {
    onnx::StringStringEntryProto* entry = model->add_metadata_props();
    entry->set_key(key);
    entry->set_value(value);
  }
  RETURN_IF_ERROR(write_graph(formed, sink, model->mutable_graph()));
  add_missing_output_shapes(graph, model->mutable_graph());
  return {};
}

int64_t weight_bytes(const Graph& graph) {
  int64_t bytes = 0;
  for (const auto& [name, tensor] : graph.initializers) bytes += static_cast<int64_t>(tensor.byte_size());
  return bytes;
}

Result<std::string> serialize(const onnx::ModelProto& model) {
  std::string bytes;
  if (!model.SerializeToString(&bytes)) return internal_error("protobuf could not write the model");
  return bytes;
}

/// Whether the model fits inline, and then its messages in `model`.
Result<bool> write_inline(const Graph& graph, const ExportOptions& options, onnx::ModelProto* model) {
  if (weight_bytes(graph) > options.max_inline_bytes) return false;  // before anything is copied
  RETURN_IF_ERROR(write_model(graph, options, nullptr, model));
  return model->ByteSizeLong() <= static_cast<size_t>(options.max_inline_bytes);
}

}  // namespace

Result<std::string> to_onnx(const Graph& graph, const ExportOptions& options) {
  onnx::ModelProto model;
  ASSIGN_OR_RETURN(const bool fits, write_inline(graph, options, &model));
  if (!fits)
    return invalid_argument(
        "the model is larger than {} bytes: save it to a file, with its weights in another",
        options.max_inline_bytes);
  return serialize(model);
}

Status save_onnx(const Graph& graph, const std::string& path, const ExportOptions& options) {
  onnx::ModelProto model;
  Result<bool> fits = write_inline(graph, options, &model);
  if (!fits.ok()) return std::move(fits).status().with_context(path);
  if (!*fits) {
    model.Clear();
    ExternalSink sink{std::filesystem::path(path).filename().string() + ".data", {}};
    RETURN_IF_ERROR(write_model(graph, options, &sink, &model).with_context(path));
    RETURN_IF_ERROR(write_file_atomically(path + ".data", sink.bytes));
  }
  ASSIGN_OR_RETURN(const std::string bytes, serialize(model));
  return write_file_atomically(path, bytes);
}

}  // namespace ridgeline::formats
