#include "formats/name_check.h"

#include <cstdint>

namespace ridgeline::formats {
namespace {

constexpr size_t kMaxMessageBytes = 2000;

/// Bytes of the printable UTF-8 character at the front of `text`, 0 where there is none (RFC 3629, table 3-7
/// of Unicode).
size_t printable_prefix(std::string_view text) {
  const auto byte = [&](size_t index) {
    return index < text.size() ? static_cast<uint8_t>(text[index]) : uint8_t{0};
  };
  const auto continues = [&](size_t index) { return (byte(index) & 0xC0) == 0x80; };
  const uint8_t first = byte(0);
  if (first >= 0x20 && first < 0x7F) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) > 0x9F;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool out_of_range = (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F);
    return continues(1) && continues(2) && continues(3) && !out_of_range ? 4 : 0;
  }
  return 0;
}

Status check(std::string_view name, std::string_view what) {
  std::string_view rest = name;
  while (!rest.empty()) {
    const size_t size = printable_prefix(rest);
    if (size == 0)
      return invalid_argument("the name of {} is not readable text ('{}'): the file is damaged", what,
                              printable(name));
    rest.remove_prefix(size);
  }
  return {};
}

Status check_all(const google::protobuf::RepeatedPtrField<std::string>& names, std::string_view what) {
  for (const std::string& name : names) RETURN_IF_ERROR(check(name, what));
  return {};
}

Status check(const google::protobuf::RepeatedPtrField<onnx::ValueInfoProto>& values) {
  for (const onnx::ValueInfoProto& value : values) {
    RETURN_IF_ERROR(check(value.name(), "a value"));
    for (const auto& dim : value.type().tensor_type().shape().dim())
      RETURN_IF_ERROR(check(dim.dim_param(), "a dimension"));
  }
  return {};
}

Status check(const onnx::GraphProto& graph);

Status check(const google::protobuf::RepeatedPtrField<onnx::AttributeProto>& attributes) {
  for (const onnx::AttributeProto& attribute : attributes) {
    RETURN_IF_ERROR(check(attribute.name(), "an attribute"));
    RETURN_IF_ERROR(check(attribute.ref_attr_name(), "an attribute"));
    if (attribute.has_g()) RETURN_IF_ERROR(check(attribute.g()));
  }
  return {};
}

Status check(const google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes) {
  for (const onnx::NodeProto& node : nodes) {
    RETURN_IF_ERROR(check(node.name(), "a node"));
    RETURN_IF_ERROR(check(node.op_type(), "an op"));
    RETURN_IF_ERROR(check(node.domain(), "a domain"));
    RETURN_IF_ERROR(check_all(node.input(), "a node's input"));
    RETURN_IF_ERROR(check_all(node.output(), "a node's output"));
    RETURN_IF_ERROR(check(node.attribute()));
  }
  return {};
}

Status check(const onnx::GraphProto& graph) {
  RETURN_IF_ERROR(check(graph.name(), "a graph"));
  RETURN_IF_ERROR(check(graph.input()));
  RETURN_IF_ERROR(check(graph.output()));
  for (const onnx::TensorProto& tensor : graph.initializer())
    RETURN_IF_ERROR(check(tensor.name(), "an initializer"));
  return check(graph.node());
}

}  // namespace

Status check_names(const onnx::ModelProto& model) {
  RETURN_IF_ERROR(check(model.graph()));
  for (const onnx::FunctionProto& function : model.functions()) {
    RETURN_IF_ERROR(check(function.name(), "a function"));
    RETURN_IF_ERROR(check_all(function.input(), "a function's input"));
    RETURN_IF_ERROR(check_all(function.output(), "a function's output"));
    RETURN_IF_ERROR(check(function.attribute_proto()));
    RETURN_IF_ERROR(check(function.node()));
  }
  for (const onnx::StringStringEntryProto& entry : model.metadata_props())
    RETURN_IF_ERROR(check(entry.key(), "a metadata entry"));
  return {};
}

std::string printable(std::string_view text) {
  std::string readable;
  while (!text.empty() && readable.size() < kMaxMessageBytes) {
    const size_t size = printable_prefix(text);
    readable += size == 0 ? std::string_view("?") : text.substr(0, size);
    text.remove_prefix(size == 0 ? 1 : size);
  }
  if (!text.empty()) readable += " …";
  return readable;
}

}  // namespace ridgeline::formats
