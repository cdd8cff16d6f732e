#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>

#include "serve/core/backend.h"

namespace ridgeline::serve {

/// Where the loading of slow_load waits until it is let on.
class SlowLoad {
 public:
  void wait_until_begun();
  void let_on();
  void pass();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool has_begun_ = false;
  bool may_go_on_ = false;
};

/// Does in this process, under the name "python", what the recorded models' model.py do. OUTPUTx answers with
/// INPUTx, OUT_x with IN_x, any other output with zeros; of fail_exec the first value chooses an error;
/// fail_load does not load; a decoupled model answers as often as its first value says.
class StandInBackend final : public Backend {
 public:
  explicit StandInBackend(std::shared_ptr<SlowLoad> slow_load) : slow_load_(std::move(slow_load)) {}
  std::string_view name() const override { return "python"; }
  Result<std::unique_ptr<LoadedModel>> load(const ModelSource& source) const override;

 private:
  std::shared_ptr<SlowLoad> slow_load_;
};

}  // namespace ridgeline::serve
