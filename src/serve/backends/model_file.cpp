#include "serve/backends/model_file.h"

#include <filesystem>

#include "base/file.h"
#include "formats/onnx.h"

namespace ridgeline::serve {
namespace {

/// `beside`: weights lie in other files, so that an engine has to open the path.
Result<ModelFile> bytes_alone(const std::string& path, bool beside, Status why) {
  ASSIGN_OR_RETURN(std::string bytes, read_file(path));
  ModelFile file;
  file.graph.name = std::filesystem::path(path).stem().string();
  file.graph.source = {.path = path,
                       .onnx = std::make_shared<const std::string>(std::move(bytes)),
                       .has_external_data = beside};
  file.graph_read = std::move(why);
  return file;
}

}  // namespace

Result<ModelFile> read_model_file(const std::string& path) {
  // Triton's ONNX models may be folders, for the sake of weights in files of their own.
  if (is_folder(path)) return read_model_file(path + "/model.onnx");
  if (path.ends_with(".xml"))
    return bytes_alone(path, true, unsupported("{}: OpenVINO's IR is read by openvino alone", path));
  if (path.ends_with(".pt") || path.ends_with(".pth"))
    return bytes_alone(path, false, unsupported("{}: TorchScript is read by libtorch alone", path));
  Result<Graph> graph = formats::load_onnx(path);
  if (graph.ok()) return ModelFile{.graph = std::move(graph).value(), .graph_read = {}};
  if (graph.status().code() != ErrorCode::kUnsupported) return graph.status();
  return bytes_alone(path, true, graph.status());
}

}  // namespace ridgeline::serve
