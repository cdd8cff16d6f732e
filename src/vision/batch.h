#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "tensor/tensor.h"
#include "vision/preprocess.h"

namespace ridgeline::vision {

/// Decodes and preprocesses files into one N × 3 × crop × crop FP32 tensor; `files` are used in turn, from
/// the first again when `batch` is larger. The first bad file ends it, with its path in the message.
Result<Tensor> load_batch(std::span<const std::string> files, int batch, const Preprocessing& how);

}  // namespace ridgeline::vision
