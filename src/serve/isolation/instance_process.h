#pragma once

#include "base/status.h"
#include "serve/core/backend.h"

namespace ridgeline::serve {

/// The whole of a process that isolated_backend() has started: loads one instance of a model by the backend
/// that the model's configuration names, and runs the batches that the server sends until it is told to end,
/// or the server is gone. kInvalidArgument in a process that no server has started.
Status run_instance_process(const Backends& backends);

}  // namespace ridgeline::serve
