#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "serve/core/served_model.h"
#include "serve/core/task_threads.h"

namespace ridgeline::serve {

/// Frees versions of models once nobody holds them any more: their last holder may be one of their own
/// threads, which cannot wait for itself.
class Reaper : public std::enable_shared_from_this<Reaper> {
 public:
  /// `gone` is called from the reaper's thread when a version is freed.
  explicit Reaper(std::function<void(const ModelFacts&)> gone);

  /// From here on shared; freed by the reaper's thread after its last holder.
  std::shared_ptr<ServedVersion> share(std::unique_ptr<ServedVersion> version);
  /// Ends the thread; what is still held is freed by its holder.
  void stop();

 private:
  void take(std::shared_ptr<ServedVersion> version);
  void free(std::shared_ptr<ServedVersion> version) const;

  std::function<void(const ModelFacts&)> gone_;
  std::mutex mutex_;
  std::unique_ptr<TaskThreads> thread_;  ///< none once it has been stopped
};

}  // namespace ridgeline::serve
