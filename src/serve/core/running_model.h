#pragma once

#include <memory>
#include <optional>

#include "serve/core/immediate_pool.h"
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
  void start(std::shared_ptr<Scheduler> scheduler, std::vector<InstanceRunner::Member> members,
             ResourceGate& gate, bool in_order);
  /// The same for instances that whoever brings a request executes.
  void start_immediate(std::vector<InstanceRunner::Member> members, ResourceGate& gate);

  void put(std::shared_ptr<Request> request) override;
  void drain() override;
  void stop() override;

 private:
  std::unique_ptr<LoadedModel> model_;
  std::shared_ptr<Scheduler> scheduler_;
  std::optional<InstancePool> pool_;
  std::optional<ImmediatePool> immediate_;  ///< in place of both
};

}  // namespace ridgeline::serve
