#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "serve/config/finding.h"
#include "serve/config/model_config.h"
#include "tensor/shape.h"

namespace ridgeline::serve {

/// Names, datatypes, dims and reshapes of a configuration's inputs and outputs in themselves.
void validate_tensors(const ModelConfig& config, Findings& findings);

/// "[-1,3,224]".
std::string dims_text(std::span<const int64_t> dims);

inline constexpr int64_t kAnySize = Shape::kUnknownDim;

/// The dims of a tensor with the batch axis before them, where there is one.
std::vector<int64_t> full_dims(std::vector<int64_t> dims, bool batched);

/// Equal, where any size equals every size.
bool dims_agree(std::span<const int64_t> a, std::span<const int64_t> b);

}  // namespace ridgeline::serve
