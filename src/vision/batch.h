#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "tensor/tensor.h"
#include "vision/preprocess.h"

namespace ridgeline::vision {

/// Decodes and preprocesses files into one FP32 tensor of the layout asked for; `files` are used in turn,
/// from the first again when `batch` is larger. The first bad file ends it, with its path in the message.
Result<Tensor> load_batch(std::span<const std::string> files, int batch, const Preprocessing& how);

}  // namespace ridgeline::vision
