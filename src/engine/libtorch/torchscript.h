#pragma once

#include <memory>
#include <string_view>

#include "engine/engine.h"
#include "engine/libtorch/program.h"
#include "engine/plugin/plugin_engine.h"

namespace ridgeline::libtorch {

/// TorchScript files are zip archives; ONNX files never begin like one.
bool is_torchscript(std::string_view bytes);

/// A module run by LibTorch's own interpreter. Inputs are forward()'s tensors, FP32, named as in Python or,
/// where the options say so, by any name and their position (INPUT__0); the options must shape them; outputs,
/// a tensor or a tuple of them, are named output_0, output_1 … and take their shapes from one run on zeros.
Result<std::unique_ptr<Session>> compile_torchscript(const plugin::Model& model,
                                                     const SessionOptions& options,
                                                     const Placement& placement);

}  // namespace ridgeline::libtorch
