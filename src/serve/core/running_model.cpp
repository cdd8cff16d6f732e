#include "serve/core/running_model.h"

namespace ridgeline::serve {

void RunningModel::start(std::shared_ptr<Scheduler> scheduler, std::vector<InstancePool::Member> members,
                         ResourceGate& gate, bool in_order) {
  scheduler_ = std::move(scheduler);
  pool_.emplace(std::move(members), *scheduler_, facts, gate, in_order);
}

void RunningModel::stop() {
  if (scheduler_) scheduler_->stop();
  pool_.reset();
  model_.reset();
}

}  // namespace ridgeline::serve
