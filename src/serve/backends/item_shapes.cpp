#include "serve/backends/item_shapes.h"

#include <algorithm>

#include "serve/backends/model_tensors.h"
#include "serve/config/tensor_rules.h"

namespace ridgeline::serve {
namespace {

Status check_named(const ModelConfig& config, const NamedShapes& named) {
  for (const auto& [name, shape] : named) {
    const auto input = std::ranges::find(config.inputs, name, &InputConfig::name);
    if (input == config.inputs.end()) return invalid_argument("there is no input '{}'", name);
    if (!dims_agree(shape.dims(), input->dims))
      return invalid_argument("input '{}' has dims {} besides the batch, not {}", name,
                              dims_text(input->dims), dims_text(shape.dims()));
  }
  return {};
}

}  // namespace

std::optional<ItemShapes> fixed_shapes(const ModelConfig& config) {
  Result<ItemShapes> shapes = item_shapes(config, {});
  return shapes.ok() ? std::optional(std::move(shapes).value()) : std::nullopt;
}

Result<ItemShapes> item_shapes(const ModelConfig& config, const NamedShapes& named) {
  RETURN_IF_ERROR(check_named(config, named));
  ItemShapes shapes;
  for (const InputConfig& input : config.inputs) {
    const auto given = named.find(input.name);
    Shape shape =
        as_model_sees(input, given == named.end() ? std::span(input.dims) : std::span(given->second.dims()));
    if (!shape.is_static())
      return invalid_argument("input '{}' has dims {}: say of which size", input.name, dims_text(input.dims));
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

}  // namespace ridgeline::serve
