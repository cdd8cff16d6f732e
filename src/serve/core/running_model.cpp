#include "serve/core/running_model.h"

namespace ridgeline::serve {

void RunningModel::start(std::shared_ptr<Scheduler> scheduler, std::vector<InstanceRunner::Member> members,
                         ResourceGate& gate, bool in_order) {
  scheduler_ = std::move(scheduler);
  pool_.emplace(std::move(members), *scheduler_, facts, gate, in_order);
}

void RunningModel::start_immediate(std::vector<InstanceRunner::Member> members, ResourceGate& gate) {
  immediate_.emplace(std::move(members), facts, gate);
}

void RunningModel::put(std::shared_ptr<Request> request) {
  if (immediate_)
    immediate_->put(request);
  else
    scheduler_->put(std::move(request));
}

void RunningModel::drain() {
  if (scheduler_) scheduler_->drain();
}

void RunningModel::stop() {
  if (scheduler_) scheduler_->stop();
  if (immediate_) immediate_->stop();
  pool_.reset();
  model_.reset();
}

}  // namespace ridgeline::serve
