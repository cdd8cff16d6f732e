#pragma once

#include <memory>
#include <optional>

#include "serve/core/instance_pool.h"
#include "serve/core/served_model.h"

namespace ridgeline::serve {

/// A version of a model that a backend runs.
class RunningModel final : public ServedVersion {
 public:
  /// `facts` are set by the caller before start().
  explicit RunningModel(std::unique_ptr<LoadedModel> model) : model_(std::move(model)) {}
  ~RunningModel() override { stop(); }

  LoadedModel& model() { return *model_; }
  /// Starts the instances' threads; from here on requests are taken.
  void start(std::shared_ptr<Scheduler> scheduler, std::vector<InstancePool::Member> members,
             ResourceGate& gate, bool in_order);

  void put(std::shared_ptr<Request> request) override { scheduler_->put(std::move(request)); }
  void drain() override { scheduler_->drain(); }
  void stop() override;

 private:
  std::unique_ptr<LoadedModel> model_;
  std::shared_ptr<Scheduler> scheduler_;
  std::optional<InstancePool> pool_;
};

}  // namespace ridgeline::serve
