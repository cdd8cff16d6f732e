#include "serve/core/instance_runner.h"

#include <algorithm>
#include <exception>

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

InstanceRunner::InstanceRunner(size_t index, Member member, const ModelFacts& facts, ResourceGate& gate)
    : index_(index), member_(std::move(member)), gate_(&gate), statistics_(&facts.statistics.add_shard()) {
  tell_memory();
}

InstanceRunner::~InstanceRunner() {
  if (member_.gate) gate_->remove(*member_.gate);
}

void InstanceRunner::run(Batch& batch) {
  const auto nested = [](const auto& request) { return request->nested(); };
  if (member_.gate) gate_->enter(*member_.gate, std::ranges::any_of(batch.requests, nested));
  const TimePoint closed = Clock::now();
  for (const auto& request : batch.requests) {
    request->moments().instance_idle = std::clamp(batch.instance_idle, request->moments().enqueued, closed);
    request->moments().batch_closed = closed;
  }
  if (batch.padded.empty())
    jobs_.assign(batch.requests.begin(), batch.requests.end());
  else
    jobs_ = std::move(batch.padded);
  const ComputeTimes times = execute(*member_.instance, jobs_);
  jobs_.clear();
  if (member_.gate) gate_->leave(*member_.gate);
  record(batch, times);
  tell_memory();
}

void InstanceRunner::tell_memory() {
  const ModelMemory memory = member_.instance->memory();
  if (memory != memory_told_) statistics_->holds(memory);
  memory_told_ = memory;
}

void InstanceRunner::record(const Batch& batch, const ComputeTimes& times) {
  ExecutionRecord record{.rows = 0, .compute = times, .reason = batch.reason, .at_ms = unix_ms()};
  const TimePoint now = Clock::now();
  answered_.clear();
  for (const auto& request : batch.requests) record.rows += request->rows();
  for (const auto& request : batch.requests) {
    request->close_execution();
    const RequestMoments& moments = request->moments();
    const Nanos queue = moments.batch_closed - moments.enqueued;
    request->set_times({queue, times}, record.rows, index_);
    if (request->failed())
      statistics_->failure(FailureReason::kBackend, now - moments.received);
    else
      answered_.push_back({request->rows(), now - moments.received, queue});
  }
  record.answered = answered_;
  statistics_->execution(record);
}

}  // namespace ridgeline::serve
