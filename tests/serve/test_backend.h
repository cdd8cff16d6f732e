#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "serve/core/backend.h"

namespace ridgeline::serve {

/// What a test sees of its backend's models, and how it stops and fails them. Thread-safe.
struct BackendProbe {
  std::atomic<int> loaded{0};     ///< models that are in memory
  std::atomic<int> instances{0};  ///< likewise
  std::atomic<int> executing{0};
  std::atomic<int> executed{0};
  std::mutex mutex;
  std::vector<int64_t> batch_rows;  ///< of every execution
  std::condition_variable changed;
  bool gate_open = true;  ///< while it is shut, executions wait

  void shut();
  void open();
  /// Waits until so many executions have begun.
  void await_executing(int count);
};

/// Runs models whose parameter "do" says what they do: "identity" (the default), "immediate" (the same, on
/// the caller's thread), "slow" (some milliseconds), "gate" (as identity, while the probe's gate is open),
/// "fail", "throw", "silent" (no answer), "repeat" (decoupled: as many answers as the input's first element
/// says), "add" (a parameter "addend" is added), "show_inputs" (the first element of each), "accumulate"
/// (into a state), "fail_load" (also as the text of a version's model.py). Identity's output is the input
/// with the same place in the configuration.
Backends test_backends(const std::shared_ptr<BackendProbe>& probe);

}  // namespace ridgeline::serve
