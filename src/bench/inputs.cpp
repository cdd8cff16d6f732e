#include "bench/inputs.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/rng.h"
#include "bench/statistics.h"
#include "graph/infer.h"
#include "predict/image_input.h"
#include "vision/batch.h"
#include "vision/folder.h"

namespace ridgeline::bench {
namespace {

constexpr int kLoadsTimed = 3;

/// The shape with its open dimensions set to `wanted`; a fixed one must be equal.
Result<Shape> fitted(const ValueInfo& input, const std::vector<int64_t>& wanted) {
  Shape shape = *input.type.shape;
  for (size_t axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] == Shape::kUnknownDim) shape[axis] = wanted[axis];
    if (wanted[axis] != Shape::kUnknownDim && shape[axis] != wanted[axis])
      return unsupported(
          "the model's input '{}' is fixed at {}, {} was asked for: export it with open dimensions",
          input.name, input.type.shape->to_string(), Shape(wanted).to_string());
  }
  if (!shape.is_static())
    return unsupported("dimension sizes of the model's input '{}' ({}) are open; export it with fixed ones",
                       input.name, shape.to_string());
  return shape;
}

Result<Shape> image_shape(const ValueInfo& input, const GroupKey& group) {
  const bool image = input.type.shape && input.type.shape->rank() == 4 && input.type.dtype == DType::kF32;
  if (!image)
    return unsupported("the model's first input '{}' is not an FP32 image N x C x H x W", input.name);
  return fitted(input, {group.batch, Shape::kUnknownDim, group.size.height, group.size.width});
}

Result<Shape> side_shape(const ValueInfo& input, const GroupKey& group) {
  if (!input.type.shape) return unsupported("the rank of the model's input '{}' is unknown", input.name);
  std::vector<int64_t> wanted(input.type.shape->rank(), Shape::kUnknownDim);
  if (!wanted.empty() && (*input.type.shape)[0] == Shape::kUnknownDim) wanted[0] = group.batch;
  return fitted(input, wanted);
}

Result<Tensor> noise(DType dtype, const Shape& shape, Rng& random) {
  RETURN_IF_ERROR(shape.checked_element_count(size_of(dtype)).status());
  ASSIGN_OR_RETURN(Tensor tensor, Tensor::zeros(dtype, shape));
  if (dtype != DType::kF32) return tensor;
  for (float& value : tensor.as<float>()) value = static_cast<float>(random.normal());
  return tensor;
}

Result<Tensor> pictures(const Graph& graph, const GroupKey& group, const Shape& shape,
                        std::optional<double>& data_ms) {
  if (shape[1] != 3 || group.size.height != group.size.width)
    return unsupported("pictures come as three channels and a square; the model's input is {}",
                       shape.to_string());
  ASSIGN_OR_RETURN(const vision::ImageFolder folder, vision::scan_image_folder(group.data));
  std::vector<std::string> files;
  for (const vision::ImageFile& file : folder.files) files.push_back(file.path);
  ASSIGN_OR_RETURN(const vision::Preprocessing how,
                   predict::preprocessing_at(graph, graph.name, group.size.height));
  std::array<double, kLoadsTimed> times_ms{};
  Tensor batch;
  for (double& time_ms : times_ms) {
    const auto start = std::chrono::steady_clock::now();
    ASSIGN_OR_RETURN(batch, vision::load_batch(files, static_cast<int>(group.batch), how));
    time_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  }
  std::sort(times_ms.begin(), times_ms.end());
  data_ms = percentile(times_ms, 0.5);
  return batch;
}

/// The contract's classes against the model's outputs, where their number follows from the inputs.
Status check_contract(const Graph& graph, const InputShapes& shapes, int64_t batch) {
  ASSIGN_OR_RETURN(const std::optional<vision::Contract> contract,
                   vision::contract_from_metadata(graph.metadata, graph.name));
  const Result<TypeMap> types = infer_types(graph, shapes);
  if (!contract || !types.ok() || graph.outputs.empty()) return {};
  const std::optional<Shape>& scores = types->find(graph.outputs[0].name)->second.shape;
  if (!scores || !scores->is_static()) return {};
  return predict::check_classes(*contract, scores->element_count() / batch, graph.name);
}

}  // namespace

Result<GroupInputs> make_inputs(const Graph& graph, const GroupKey& group, uint64_t seed) {
  if (graph.inputs.empty()) return unsupported("the model has no input");
  Rng random(seed);
  GroupInputs inputs;
  for (const ValueInfo& input : graph.inputs) {
    const bool first = inputs.tensors.empty();
    ASSIGN_OR_RETURN(const Shape shape, first ? image_shape(input, group) : side_shape(input, group));
    if (first) inputs.channels = shape[1];
    const bool real = first && group.data_kind() == "real";
    ASSIGN_OR_RETURN(Tensor tensor, real ? pictures(graph, group, shape, inputs.data_ms)
                                         : noise(input.type.dtype, shape, random));
    inputs.tensors.push_back(std::move(tensor));
    inputs.shapes[input.name] = shape;
  }
  if (group.data_kind() == "real") RETURN_IF_ERROR(check_contract(graph, inputs.shapes, group.batch));
  return inputs;
}

}  // namespace ridgeline::bench
