#pragma once

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "serve/core/instance_runner.h"
#include "serve/core/ordered_delivery.h"

namespace ridgeline::serve {

/// The instances of one version of a model, each with the thread that runs it.
class InstancePool {
 public:
  /// Starts the threads. `scheduler`, `facts` and `gate` outlive this; `in_order`: answers leave in the order
  /// of their batches.
  InstancePool(std::vector<InstanceRunner::Member> members, Scheduler& scheduler, const ModelFacts& facts,
               ResourceGate& gate, bool in_order);
  /// Returns when what executes is answered. The scheduler must have been stopped.
  ~InstancePool();
  InstancePool(const InstancePool&) = delete;
  InstancePool& operator=(const InstancePool&) = delete;

 private:
  void work(InstanceRunner& runner);
  void deliver(Batch batch);

  Scheduler* scheduler_;
  std::optional<OrderedDelivery> ordered_;
  std::vector<std::unique_ptr<InstanceRunner>> runners_;
  std::vector<std::thread> threads_;
};

}  // namespace ridgeline::serve
