#pragma once

#include <memory>

#include "engine/registry.h"
#include "serve/core/backend.h"

namespace ridgeline::serve {

/// Everything that this server runs models with. Cheap: no engine's library is opened, and no process is
/// started, before a model is loaded that needs it.
Backends make_backends();

/// Those that run a model's file on an engine of the registry: "onnxruntime", "openvino", "pytorch"
/// (LibTorch) and "ridgeline", whose parameters `engine` and `precision` choose. `onnxruntime` takes ONNX
/// files, as do `openvino` and `ridgeline`; `pytorch` takes TorchScript.
Backends engine_backends(std::shared_ptr<const EngineRegistry> registry);

}  // namespace ridgeline::serve
