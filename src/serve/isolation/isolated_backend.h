#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "serve/core/backend.h"
#include "serve/observe/log.h"

namespace ridgeline::serve {

struct IsolationOptions {
  /// The program that calls run_instance_process(), and its arguments; an instance's name is added. The
  /// kernel resolves this link to the program that runs, whatever its file is by then.
  std::vector<std::string> command = {"/proc/self/exe", "instance"};
  /// Of shared memory, each way and instance; taken from the system only as it is used.
  uint64_t most_memory_bytes = uint64_t{2} << 30;
  std::chrono::milliseconds start_timeout{
      30'000};                                   ///< for the program to start; loading a model has no limit
  std::chrono::milliseconds end_timeout{2'000};  ///< at unload; then it is killed
  std::shared_ptr<Log> log;                      ///< takes what instances print; none: nobody reads it
};

/// The backend, which runs a model whose parameter `isolation` is "process" in processes, one for each
/// instance. The process loads the model by the same backend as this process would, and is started again when
/// it ends: what crashes there fails the batch that it was at, with kUnavailable. Nothing of such a model is
/// loaded here, its engine's library neither; what the process says is held against the configuration.
std::unique_ptr<const Backend> isolated_backend(std::unique_ptr<const Backend> backend,
                                                IsolationOptions options);

}  // namespace ridgeline::serve
