#pragma once

#include <ATen/core/Tensor.h>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"

namespace ridgeline::libtorch {

/// The ATen device of "cpu" or "cuda:N". Opens LibTorch's CUDA half on the first call that names a GPU.
/// kUnavailable with the reason where there is none.
Result<at::Device> device_from(const std::string& name);

/// What an FP32 graph is computed in. kUnsupported for the precisions that ATen does not interpret.
Result<at::ScalarType> float_type_of(Precision precision);

/// The CPU, and each GPU or the reason why there is none.
std::vector<DeviceSupport> probe_devices();

}  // namespace ridgeline::libtorch
