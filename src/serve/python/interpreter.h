#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/status.h"
#include "serve/core/backend.h"

namespace ridgeline::serve {

/// Finds the Python that runs a model, and remembers which ones have numpy. Thread-safe.
class Interpreters {
 public:
  /// `preferred`: of all models; empty: the first python3 on PATH with numpy.
  explicit Interpreters(std::string preferred) : preferred_(std::move(preferred)) {}

  /// The path of the interpreter for this model: that of the environment in its parameter
  /// EXECUTION_ENV_PATH, else the preferred one. Errors name each one that was tried and the remedy.
  Result<std::string> of(const ModelSource& source);

 private:
  /// The path by which that Python calls itself, when it has numpy.
  Result<std::string> with_numpy(const std::string& interpreter);
  Result<std::string> first_on_path();

  const std::string preferred_;
  std::mutex mutex_;
  std::map<std::string, std::string> found_;  ///< by the name that was asked for
};

}  // namespace ridgeline::serve
