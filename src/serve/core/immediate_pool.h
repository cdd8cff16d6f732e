#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "serve/core/instance_runner.h"

namespace ridgeline::serve {

/// The instances of one version of a model that are immediate() and batch nothing: whoever brings a request
/// executes it. To wake another thread would cost many times what the model does. Thread-safe.
class ImmediatePool {
 public:
  /// `facts` and `gate` outlive this.
  ImmediatePool(std::vector<InstanceRunner::Member> members, const ModelFacts& facts, ResourceGate& gate);

  /// Has answered when it returns. Where every instance executes it waits for one: for microseconds.
  void put(const std::shared_ptr<Request>& request);
  /// Refuses what comes, waits for what executes and frees the instances.
  void stop();

 private:
  struct Seat {
    std::mutex mutex;
    std::unique_ptr<InstanceRunner> runner;  ///< none once stopped
  };

  /// One that is idle, if there is one.
  std::unique_lock<std::mutex> take(Seat*& seat);

  std::vector<std::unique_ptr<Seat>> seats_;
};

}  // namespace ridgeline::serve
