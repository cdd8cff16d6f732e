#pragma once

#include <memory>

#include "engine/registry.h"
#include "serve/core/backend.h"
#include "serve/isolation/isolated_backend.h"
#include "serve/python/python_backend.h"

namespace ridgeline::serve {

/// Everything that this server runs models with. Cheap: no engine's library is opened, and no process
/// started, before a model is loaded that needs it.
Backends make_backends(PythonOptions python = {}, const IsolationOptions& isolation = {});

/// Those that run models in the process that they are in, whatever their parameter `isolation` says: what an
/// instance's process has.
Backends threaded_backends();

/// Those that run a model's file on an engine of the registry: "onnxruntime", "openvino" and "ridgeline" for
/// ONNX files (and OpenVINO's IR on its engine), "pytorch" for TorchScript on LibTorch. The parameter
/// `precision` chooses what is computed in, and `engine` the engine of "ridgeline", whose default is our own.
Backends engine_backends(std::shared_ptr<const EngineRegistry> registry);

/// "image": pictures, as files or as pixels, become a classifier's input (see image_recipe.h).
std::unique_ptr<const Backend> image_backend();

/// "identity", as Triton has it: every input comes back as the output at its place. What it takes is the
/// server's own time.
std::unique_ptr<const Backend> identity_backend();

}  // namespace ridgeline::serve
