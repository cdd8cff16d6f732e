#include "serve/core/instance_pool.h"

#include <algorithm>
#include <exception>
#include <pthread.h>

namespace ridgeline::serve {
namespace {

using Clock = std::chrono::steady_clock;

/// A backend that throws fails its batch, not the server.
ComputeTimes execute(Instance& instance, std::span<const std::shared_ptr<Job>> jobs) {
  try {
    return instance.execute(jobs);
  } catch (const std::exception& thrown) {
    for (const auto& job : jobs) job->answer(internal_error("the model failed: {}", thrown.what()));
    return {};
  }
}

}  // namespace

/// What one thread has to itself.
struct InstancePool::Worker {
  size_t index = 0;
  Member member;
  StatisticsShard* statistics = nullptr;
  std::vector<std::shared_ptr<Job>> jobs;
  std::vector<AnsweredRequest> answered;
  std::thread thread;
};

InstancePool::InstancePool(std::vector<Member> members, Scheduler& scheduler, const ModelFacts& facts,
                           ResourceGate& gate, bool in_order)
    : scheduler_(&scheduler), gate_(&gate) {
  if (in_order && !facts.decoupled) ordered_.emplace();
  for (Member& member : members) {
    auto worker = std::make_unique<Worker>();
    worker->index = workers_.size();
    worker->member = std::move(member);
    worker->statistics = &facts.statistics.add_shard();
    workers_.push_back(std::move(worker));
  }
  for (const auto& worker : workers_) {
    worker->thread = std::thread([this, &mine = *worker] { work(mine); });
    const std::string name = facts.name.substr(0, 15);  // the kernel's limit
    pthread_setname_np(worker->thread.native_handle(), name.c_str());
  }
}

InstancePool::~InstancePool() {
  for (const auto& worker : workers_) worker->thread.join();
  for (const auto& worker : workers_)
    if (worker->member.gate) gate_->remove(*worker->member.gate);
}

void InstancePool::work(Worker& worker) {
  while (std::optional<Batch> batch = scheduler_->take(worker.index)) {
    run(worker, *std::move(batch));
    scheduler_->done(worker.index);
  }
}

void InstancePool::run(Worker& worker, Batch batch) {
  const auto nested = [](const auto& request) { return request->nested(); };
  if (worker.member.gate) gate_->enter(*worker.member.gate, std::ranges::any_of(batch.requests, nested));
  const TimePoint closed = Clock::now();
  for (const auto& request : batch.requests) {
    request->moments().instance_idle = std::clamp(batch.instance_idle, request->moments().enqueued, closed);
    request->moments().batch_closed = closed;
  }
  if (batch.padded.empty())
    worker.jobs.assign(batch.requests.begin(), batch.requests.end());
  else
    worker.jobs = std::move(batch.padded);
  const ComputeTimes times = execute(*worker.member.instance, worker.jobs);
  worker.jobs.clear();
  if (worker.member.gate) gate_->leave(*worker.member.gate);
  record(worker, batch, times);
  deliver(std::move(batch));
}

void InstancePool::record(Worker& worker, const Batch& batch, const ComputeTimes& times) const {
  ExecutionRecord record{.rows = 0, .compute = times, .reason = batch.reason, .at_ms = unix_ms()};
  const TimePoint now = Clock::now();
  worker.answered.clear();
  for (const auto& request : batch.requests) record.rows += request->rows();
  for (const auto& request : batch.requests) {
    request->close_execution();
    const RequestMoments& moments = request->moments();
    const Nanos queue = moments.batch_closed - moments.enqueued;
    request->set_times({queue, times}, record.rows, worker.index);
    if (request->failed())
      worker.statistics->failure(FailureReason::kBackend, now - moments.received);
    else
      worker.answered.push_back({request->rows(), now - moments.received, queue});
  }
  record.answered = worker.answered;
  worker.statistics->execution(record);
}

void InstancePool::deliver(Batch batch) {
  if (ordered_) return ordered_->deliver(batch.place, std::move(batch.requests));
  for (const auto& request : batch.requests) request->deliver();
}

}  // namespace ridgeline::serve
