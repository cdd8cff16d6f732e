#include "formats/onnx.h"

#include <filesystem>
#include <google/protobuf/io/coded_stream.h>
#include <limits>
#include <onnx-ml.pb.h>

#include "base/file.h"
#include "formats/external_data.h"
#include "formats/name_check.h"
#include "formats/onnx_outline.h"
#include "formats/onnx_reader.h"

namespace ridgeline::formats {
namespace {

constexpr uint64_t kMaxModelBytes = std::numeric_limits<int>::max();

Status too_large(uint64_t bytes) {
  return invalid_argument(
      "has {} bytes, but ONNX files end at 2 GiB: save the model with its weights as external data", bytes);
}

Status parse_message(const std::string& bytes, onnx::ModelProto* model) {
  if (bytes.empty()) return invalid_argument("is empty, not an ONNX model");
  if (bytes.size() > kMaxModelBytes) return too_large(bytes.size());
  if (bytes.starts_with("version https://git-lfs"))
    return invalid_argument("is a Git LFS pointer, not the model: fetch it with git lfs pull");
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(bytes.data()),
                                                static_cast<int>(bytes.size()));
  if (!model->ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage())
    return invalid_argument(
        "is not a valid ONNX file: cut short, damaged, nested too deep or of another format; get it again");
  return {};
}

bool refers_to_other_files(const onnx::GraphProto& graph) {
  for (const onnx::TensorProto& tensor : graph.initializer())
    if (tensor.data_location() == onnx::TensorProto::EXTERNAL) return true;
  for (const onnx::NodeProto& node : graph.node())
    for (const onnx::AttributeProto& attribute : node.attribute())
      if (attribute.t().data_location() == onnx::TensorProto::EXTERNAL ||
          (attribute.has_g() && refers_to_other_files(attribute.g())))
        return true;
  return false;
}

Result<Graph> read_graph(const std::string& bytes, ExternalData external) {
  onnx::ModelProto model;
  RETURN_IF_ERROR(parse_message(bytes, &model));
  RETURN_IF_ERROR(check_names(model));
  ASSIGN_OR_RETURN(Graph graph, OnnxReader(model, std::move(external)).read());
  graph.source.has_external_data = refers_to_other_files(model.graph());
  return graph;
}

Result<Graph> read_model(std::string bytes, ExternalData external) {
  ASSIGN_OR_RETURN(Graph graph, read_graph(bytes, std::move(external)));
  graph.source.onnx = std::make_shared<const std::string>(std::move(bytes));
  return graph;
}

std::string folder_of(const std::string& path) { return std::filesystem::path(path).parent_path().string(); }

Result<Graph> read_outline_of(const std::string& path) {
  if (!is_file(path)) return not_found("{}: no such file", path);
  ASSIGN_OR_RETURN(const std::string outline, read_outline(path));
  return read_graph(outline, ExternalData::of_outline(folder_of(path)));
}

/// File paths and strings of a damaged model may hold anything, but messages stay one readable line.
Status refusal(const Status& status, const std::string& name) {
  return {status.code(), printable(fmt::format("{}: {}", name, status.message()))};
}

}  // namespace

Result<Graph> load_onnx(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (!error && size > kMaxModelBytes) return too_large(size).with_context(path);
  ASSIGN_OR_RETURN(std::string bytes, read_file(path));
  Result<Graph> graph = read_model(std::move(bytes), ExternalData(folder_of(path)));
  if (!graph.ok()) return refusal(graph.status(), path);
  graph->source.path = path;
  return graph;
}

Result<Graph> load_onnx_outline(const std::string& path) {
  Result<Graph> outline = read_outline_of(path);
  if (!outline.ok()) return load_onnx(path);  // which tells what is wrong with the file itself
  outline->source = {.path = path, .onnx = nullptr};
  return outline;
}

Result<Graph> parse_onnx(std::string bytes, const std::string& name) {
  Result<Graph> graph = read_model(std::move(bytes), ExternalData());
  if (!graph.ok()) return refusal(graph.status(), name);
  return graph;
}

}  // namespace ridgeline::formats
