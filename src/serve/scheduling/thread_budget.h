#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ridgeline::serve {

/// What one model wants of this machine's cores.
struct ThreadDemand {
  std::string model;
  int64_t instances = 1;  ///< at least 1
  std::optional<int64_t>
      asked;  ///< threads of each instance as configured, at least 1; none: as many as help
};

struct ThreadShare {
  std::string model;
  int64_t instances = 1;
  int64_t threads = 1;  ///< of each instance
  std::string
      why;  ///< one line for the log: what it got and, where that is not what it asked for, the remedy
};

struct ThreadPlan {
  std::vector<ThreadShare> shares;  ///< in the order of the demands
  int64_t total = 0;                ///< sum of instances times threads
  std::string summary;              ///< one line: the sum against the cores
};

/// Shares `cores` among all models' instances, so that the sum of instances times threads stays within them:
/// more threads than cores take turns and make every request slower (onnxruntime_backend#245). Each instance
/// gets one thread, the minimum; then those that asked for a number, then the others, get one more in turn,
/// whoever has least first. `may_exceed`: what was asked for is given, whatever the sum.
ThreadPlan share_threads(std::span<const ThreadDemand> demands, int64_t cores, bool may_exceed);

}  // namespace ridgeline::serve
