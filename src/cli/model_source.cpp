#include "cli/model_source.h"

#include <algorithm>

#include "formats/onnx.h"
#include "graph/zoo/zoo.h"

namespace ridgeline::cli {
namespace {

constexpr std::string_view kZooPrefix = "zoo:";

const ValueInfo* image_input(const Graph& graph) {
  const auto is_image = [](const ValueInfo& input) {
    return input.type.shape && input.type.shape->rank() == 4;
  };
  const auto found = std::find_if(graph.inputs.begin(), graph.inputs.end(), is_image);
  return found == graph.inputs.end() ? nullptr : &*found;
}

Status set_dim(const ValueInfo& input, size_t axis, int64_t value, Shape& shape) {
  if (shape[axis] >= 0 && shape[axis] != value)
    return unsupported("input '{}' is fixed at {}, so it can't take {} at axis {}", input.name,
                       input.type.shape->to_string(), value, axis);
  shape[axis] = value;
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
    return unsupported("the model has no input of rank 4 (batch, channels, height, width)");
  InputShapes shapes;
  for (const ValueInfo& input : graph.inputs) {
    if (!input.type.shape) return unsupported("input '{}' does not say its rank", input.name);
    Shape shape = *input.type.shape;
    if (&input == picture) {
      RETURN_IF_ERROR(set_dim(input, 0, image.batch, shape));
      RETURN_IF_ERROR(set_dim(input, 2, image.height, shape));
      RETURN_IF_ERROR(set_dim(input, 3, image.width, shape));
      if (shape[1] < 0) shape[1] = 3;
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
  const int64_t fixed = picture == nullptr ? Shape::kUnknownDim : (*picture->type.shape)[2];
  return std::vector<int64_t>{fixed > 0 ? fixed : kUsual};
}

}  // namespace ridgeline::cli
