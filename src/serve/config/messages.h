#pragma once

#include <optional>

#include "model_config.pb.h"
#include "serve/config/model_config.h"

/// The door between ModelConfig and the protocol's message. Only fronts and this folder's sources include it.
namespace ridgeline::serve {

/// None for TYPE_INVALID.
std::optional<DType> dtype_of(inference::DataType type);
inference::DataType type_of(std::optional<DType> dtype);

/// What ModelConfig has no place for is carried, if field_rules.h lets it.
ModelConfig from_message(const inference::ModelConfig& message);
/// The whole configuration; pinned memory is on where nothing is said, as Triton prints it.
inference::ModelConfig to_message(const ModelConfig& config);

}  // namespace ridgeline::serve
