#include "cli/model_source.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "cli/foreign_model.h"
#include "formats/onnx.h"
#include "graph/zoo/zoo.h"

namespace ridgeline::cli {
namespace {

constexpr std::string_view kZooPrefix = "zoo:";

constexpr size_t kBatchRank = 4;
constexpr size_t kPictureRank = 3;

const ValueInfo* image_input(const Graph& graph) {
  for (const size_t rank : {kBatchRank, kPictureRank})
    for (const ValueInfo& input : graph.inputs)
      if (input.type.shape && input.type.shape->rank() == rank) return &input;
  return nullptr;
}

Status set_dim(const ValueInfo& input, size_t axis, int64_t value, Shape& shape) {
  if (shape[axis] >= 0 && shape[axis] != value)
    return unsupported("input '{}' is fixed at {}, so it can't take {} at axis {}", input.name,
                       input.type.shape->to_string(), value, axis);
  shape[axis] = value;
  return {};
}

/// The picture's own shape for a case; one without a batch takes a single picture.
Status set_picture(const ValueInfo& input, const ImageCase& image, Shape& shape) {
  const size_t channels = shape.rank() - kPictureRank;
  if (shape.rank() == kPictureRank && image.batch != 1)
    return unsupported("input '{}' is {}, one picture without a batch: it can't take {}", input.name,
                       shape.to_string(), image.batch);
  if (shape.rank() == kBatchRank) RETURN_IF_ERROR(set_dim(input, 0, image.batch, shape));
  RETURN_IF_ERROR(set_dim(input, channels + 1, image.height, shape));
  RETURN_IF_ERROR(set_dim(input, channels + 2, image.width, shape));
  if (shape[channels] < 0) shape[channels] = 3;
  return {};
}

}  // namespace

SourceKind kind_of(const std::string& source) {
  static constexpr std::array<std::string_view, 4> kCheckpoints = {".safetensors", ".pth", ".pt", ".bin"};
  if (source.starts_with(kZooPrefix)) return SourceKind::kZoo;
  std::error_code error;
  if (std::filesystem::is_directory(source, error)) return SourceKind::kFolder;
  const std::string extension = std::filesystem::path(source).extension().string();
  return std::find(kCheckpoints.begin(), kCheckpoints.end(), extension) != kCheckpoints.end()
             ? SourceKind::kCheckpoint
             : SourceKind::kOnnx;
}

Result<Graph> load_model(const std::string& source) {
  if (kind_of(source) == SourceKind::kOnnx) return formats::load_onnx(source);
  Result<Graph> any_size = load_model_as(source, {.dynamic_size = true});
  return any_size.ok() ? std::move(any_size) : load_model_as(source, {});
}

Result<Graph> load_model_as(const std::string& source, const formats::GraphOptions& options) {
  constexpr int64_t kUsual = 224;
  switch (kind_of(source)) {
    case SourceKind::kZoo:
      return zoo::make(source.substr(kZooPrefix.size()),
                       {.image_size = options.image_size > 0 ? options.image_size : kUsual,
                        .projection = options.projection,
                        .dynamic_size = options.dynamic_size});
    case SourceKind::kFolder:
    case SourceKind::kCheckpoint:
      return foreign_model(source, options);
    case SourceKind::kOnnx:
      break;
  }
  if (options.projection > 0 || options.image_size > 0)
    return invalid_argument(
        "{}: --projection and --image-size shape zoo models and checkpoints: leave them out", source);
  return formats::load_onnx(source);
}

bool names_weights(const std::string& path) {
  return path.ends_with(".safetensors") || path.ends_with(".pth");
}

Status save_weights(const Graph& graph, const std::string& path) {
  const formats::StateDict weights = formats::weights_of(graph);
  return path.ends_with(".pth") ? formats::save_pth(weights, path) : formats::save_safetensors(weights, path);
}

Result<InputShapes> image_shapes(const Graph& graph, const ImageCase& image) {
  const ValueInfo* picture = image_input(graph);
  if (picture == nullptr)
    return unsupported(
        "the model has no input of rank 4 (batch, channels, height, width) or 3 (without the batch)");
  InputShapes shapes;
  for (const ValueInfo& input : graph.inputs) {
    if (!input.type.shape) return unsupported("input '{}' does not say its rank", input.name);
    Shape shape = *input.type.shape;
    if (&input == picture) {
      RETURN_IF_ERROR(set_picture(input, image, shape));
    } else if (shape.rank() > 0 && shape[0] < 0) {
      shape[0] = image.batch;
    }
    shapes[input.name] = shape;
  }
  return shapes;
}

Result<std::vector<int64_t>> sizes_of(const Graph& graph, const std::vector<int64_t>& asked) {
  constexpr int64_t kUsual = 224;
  if (!asked.empty()) return asked;
  const ValueInfo* picture = image_input(graph);
  const int64_t fixed =
      picture == nullptr ? Shape::kUnknownDim : (*picture->type.shape)[picture->type.shape->rank() - 2];
  return std::vector<int64_t>{fixed > 0 ? fixed : kUsual};
}

}  // namespace ridgeline::cli
