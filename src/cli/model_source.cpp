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

/// Of any size, or where the model has one only, of that.
template <typename Make>
Result<Graph> made_flexible(const Make& make) {
  Result<Graph> any_size = make(true);
  return any_size.ok() ? std::move(any_size) : make(false);
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
  switch (kind_of(source)) {
    case SourceKind::kZoo:
      return made_flexible([&](bool any_size) {
        return zoo::make(source.substr(kZooPrefix.size()), {.dynamic_size = any_size});
      });
    case SourceKind::kFolder:
    case SourceKind::kCheckpoint:
      return made_flexible([&](bool any_size) { return foreign_model(source, {.dynamic_size = any_size}); });
    case SourceKind::kOnnx:
      break;
  }
  return formats::load_onnx(source);
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
