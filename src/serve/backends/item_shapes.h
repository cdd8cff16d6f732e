#pragma once

#include <optional>
#include <vector>

#include "base/status.h"
#include "serve/core/backend.h"

namespace ridgeline::serve {

/// The model's inputs, in the configuration's order, as it takes them: without the batch axis.
using ItemShapes = std::vector<Shape>;

/// Those that the configuration fixes; none where a request decides.
std::optional<ItemShapes> fixed_shapes(const ModelConfig& config);

/// Those of a request with inputs of these shapes, where the configuration fixes the others. kInvalidArgument
/// for an input that is not configured or has other dims, and for an open one without a shape.
Result<ItemShapes> item_shapes(const ModelConfig& config, const NamedShapes& named);

}  // namespace ridgeline::serve
