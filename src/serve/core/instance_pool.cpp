#include "serve/core/instance_pool.h"

#include <pthread.h>

namespace ridgeline::serve {

InstancePool::InstancePool(std::vector<InstanceRunner::Member> members, Scheduler& scheduler,
                           const ModelFacts& facts, ResourceGate& gate, bool in_order)
    : scheduler_(&scheduler) {
  if (in_order && !facts.decoupled) ordered_.emplace();
  for (InstanceRunner::Member& member : members)
    runners_.push_back(std::make_unique<InstanceRunner>(runners_.size(), std::move(member), facts, gate));
  for (const auto& runner : runners_) {
    std::thread& thread = threads_.emplace_back([this, &mine = *runner] { work(mine); });
    const std::string name = facts.name.substr(0, 15);  // the kernel's limit
    pthread_setname_np(thread.native_handle(), name.c_str());
  }
}

InstancePool::~InstancePool() {
  for (std::thread& thread : threads_) thread.join();
}

void InstancePool::work(InstanceRunner& runner) {
  while (std::optional<Batch> batch = scheduler_->take(runner.index())) {
    runner.run(*batch);
    scheduler_->executed(runner.index());
    deliver(*std::move(batch));
    scheduler_->done(runner.index());
  }
}

void InstancePool::deliver(Batch batch) {
  if (ordered_) return ordered_->deliver(batch.place, std::move(batch.requests));
  for (const auto& request : batch.requests) request->deliver();
}

}  // namespace ridgeline::serve
