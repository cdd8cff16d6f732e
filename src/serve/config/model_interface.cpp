#include "serve/config/model_interface.h"

#include <algorithm>

#include "graph/infer.h"
#include "serve/config/tensor_rules.h"
#include "vision/contract.h"

namespace ridgeline::serve {
namespace {

TensorInterface tensor_of(const ValueInfo& value, const TypeMap& types) {
  const auto inferred = types.find(value.name);
  const bool untold = !value.type.shape && inferred != types.end();
  const std::optional<Shape>& shape = untold ? inferred->second.shape : value.type.shape;
  return {value.name, value.type.dtype, shape ? std::optional(shape->dims()) : std::nullopt};
}

/// Shapes that the file does not declare, where they can be inferred.
TypeMap types_of(const Graph& graph) {
  if (std::ranges::all_of(graph.outputs, [](const ValueInfo& value) { return value.type.shape.has_value(); }))
    return {};
  Result<TypeMap> types = infer_types(graph);
  return types.ok() ? *std::move(types) : TypeMap();
}

bool has_free_first_axis(const TensorInterface& tensor) {
  return tensor.dims && !tensor.dims->empty() && tensor.dims->front() == kAnySize;
}

/// Triton's form of a tensor: without the batch axis, and a scalar as one element that is reshaped.
void complete(TensorConfig& config, const TensorInterface& model, bool batched) {
  if (!config.datatype) config.datatype = model.datatype;
  if (!config.dims.empty() || !model.dims) return;
  config.dims.assign(model.dims->begin() + (batched && !model.dims->empty() ? 1 : 0), model.dims->end());
  if (!config.dims.empty()) return;
  config.dims = {1};
  if (batched && !config.reshape) config.reshape.emplace();
}

template <typename Tensor>
void complete_all(std::vector<Tensor>& tensors, const std::vector<TensorInterface>& model, bool batched) {
  if (tensors.empty())
    for (const TensorInterface& tensor : model) tensors.emplace_back().name = tensor.name;
  for (Tensor& tensor : tensors) {
    const auto found = std::ranges::find(model, tensor.name, &TensorInterface::name);
    if (found != model.end()) complete(tensor, *found, batched);
  }
}

void complete_batching(ModelConfig& config, const ModelInterface& model) {
  if (!std::ranges::all_of(model.inputs, has_free_first_axis) ||
      !std::ranges::all_of(model.outputs, has_free_first_axis))
    return;
  if (config.max_batch_size == 0) config.max_batch_size = kDefaultMaxBatchSize;
  if (config.max_batch_size > 1 && std::holds_alternative<std::monostate>(config.scheduling))
    config.scheduling = DynamicBatching{};
}

}  // namespace

Result<ModelInterface> interface_of(const Graph& graph, const std::string& file) {
  ModelInterface model;
  model.file = file;
  const TypeMap types = types_of(graph);
  for (const ValueInfo& input : graph.inputs) model.inputs.push_back(tensor_of(input, types));
  for (const ValueInfo& output : graph.outputs) model.outputs.push_back(tensor_of(output, types));
  ASSIGN_OR_RETURN(std::optional<vision::Contract> contract,
                   vision::contract_from_metadata(graph.metadata, file));
  if (!contract) return model;
  model.classes = std::move(contract->classes);
  model.preprocessing = contract->preprocessing;
  return model;
}

void complete_from_model(ModelConfig& config, const ModelInterface& model) {
  if (config.inputs.empty() || config.outputs.empty()) complete_batching(config, model);
  const bool batched = config.max_batch_size > 0;
  complete_all(config.inputs, model.inputs, batched);
  complete_all(config.outputs, model.outputs, batched);
}

}  // namespace ridgeline::serve
