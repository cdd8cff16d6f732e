#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "serve/core/served_model.h"

namespace ridgeline::serve {

/// Frees versions of models once nobody holds them any more: their last holder may be one of their own
/// threads, which cannot wait for itself.
class Reaper : public std::enable_shared_from_this<Reaper> {
 public:
  /// `gone` is called from the reaper's thread when a version is freed.
  explicit Reaper(std::function<void(const ModelFacts&)> gone);
  ~Reaper();
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

  /// From here on shared; freed by the reaper's thread after its last holder.
  std::shared_ptr<ServedVersion> share(std::unique_ptr<ServedVersion> version);
  /// Ends the thread; what is still held is freed by its holder.
  void stop();

 private:
  void take(std::unique_ptr<ServedVersion> version);
  void run();

  std::function<void(const ModelFacts&)> gone_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<ServedVersion>> dead_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ridgeline::serve
