#pragma once

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "serve/core/backend.h"
#include "serve/core/ordered_delivery.h"
#include "serve/core/resource_gate.h"
#include "serve/core/scheduler.h"

namespace ridgeline::serve {

/// The instances of one version of a model, each with the thread that runs it.
class InstancePool {
 public:
  struct Member {
    std::unique_ptr<Instance> instance;
    std::optional<RateLimiter::Instance> gate;  ///< its name there, where it needs resources
  };

  /// Starts the threads. `scheduler`, `facts` and `gate` outlive this; `in_order`: answers leave in the order
  /// of their batches.
  InstancePool(std::vector<Member> members, Scheduler& scheduler, const ModelFacts& facts, ResourceGate& gate,
               bool in_order);
  /// Returns when what executes is answered. The scheduler must have been stopped.
  ~InstancePool();
  InstancePool(const InstancePool&) = delete;
  InstancePool& operator=(const InstancePool&) = delete;

 private:
  struct Worker;

  void work(Worker& worker);
  void run(Worker& worker, Batch batch);
  void record(Worker& worker, const Batch& batch, const ComputeTimes& times) const;
  void deliver(Batch batch);

  Scheduler* scheduler_;
  ResourceGate* gate_;
  std::optional<OrderedDelivery> ordered_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace ridgeline::serve
