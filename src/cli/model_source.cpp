#include "cli/model_source.h"

#include <algorithm>

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

Result<Graph> load_model(const std::string& source) {
  if (source.starts_with(kZooPrefix)) {
    const std::string name = source.substr(kZooPrefix.size());
    Result<Graph> any_size = zoo::make(name, {.dynamic_size = true});
    return any_size.ok() ? std::move(any_size) : zoo::make(name, {});
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
