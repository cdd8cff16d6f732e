#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "serve/core/backend.h"
#include "serve/core/resource_gate.h"
#include "serve/core/scheduler.h"

namespace ridgeline::serve {

/// An instance of a version of a model, and what is counted of it. One thread at a time.
class InstanceRunner {
 public:
  struct Member {
    std::unique_ptr<Instance> instance;
    std::optional<RateLimiter::Instance> gate;  ///< its name there, where it needs resources
  };

  /// The `index`th of its model; `facts` and `gate` outlive this.
  InstanceRunner(size_t index, Member member, const ModelFacts& facts, ResourceGate& gate);
  ~InstanceRunner();
  InstanceRunner(const InstanceRunner&) = delete;
  InstanceRunner& operator=(const InstanceRunner&) = delete;

  size_t index() const { return index_; }
  /// Executes and counts; the requests' answers are theirs to deliver.
  void run(Batch& batch);

 private:
  void record(const Batch& batch, const ComputeTimes& times);
  void tell_memory();

  size_t index_;
  Member member_;
  ResourceGate* gate_;
  StatisticsShard* statistics_;
  ModelMemory memory_told_;
  std::vector<std::shared_ptr<Job>> jobs_;
  std::vector<AnsweredRequest> answered_;
};

}  // namespace ridgeline::serve
