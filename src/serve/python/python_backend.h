#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "serve/core/backend.h"
#include "serve/observe/custom_metrics.h"
#include "serve/observe/log.h"

namespace ridgeline::serve {

struct PythonOptions {
  /// The interpreter; empty: the first python3 on PATH that has numpy. A model's parameter EXECUTION_ENV_PATH
  /// names the folder of an environment instead.
  std::string interpreter;
  /// Of shared memory, each way and instance; taken from the system only as it is used.
  uint64_t most_memory_bytes = uint64_t{2} << 30;
  std::chrono::milliseconds start_timeout{30'000};     ///< for Python to start; initialize() has no limit
  std::chrono::milliseconds finalize_timeout{30'000};  ///< for finalize() at unload; then it is killed
  bool auto_complete = true;                           ///< models' auto_complete_config() is asked
  std::shared_ptr<Log> log;                            ///< takes what models print; none: nobody reads it
  std::shared_ptr<CustomMetrics> metrics = std::make_shared<CustomMetrics>();  ///< what models count
};

/// "python": each instance of a model is a process that runs model.py with triton_python_backend_utils. A
/// process that dies fails the batch it was at, with an error, and is started again.
std::unique_ptr<const Backend> python_backend(PythonOptions options);

}  // namespace ridgeline::serve
