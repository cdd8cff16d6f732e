#include "serve/process/process_instance.h"

#include <algorithm>

#include "serve/process/messages.h"

namespace ridgeline::serve {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// Processes in a row that may be ready and then end without having run a batch, before there is a rest.
constexpr int kMostFruitless = 3;
/// Before a model that cannot be started, or ends again and again, is started once more.
constexpr milliseconds kFirstRest{100};
constexpr milliseconds kLongestRest{10'000};
/// Processes that may end before they look at one batch.
constexpr int kMostTries = 3;

}  // namespace

Result<std::unique_ptr<Instance>> ProcessInstance::create(Launch launch, milliseconds finalize_timeout) {
  std::unique_ptr<ProcessInstance> instance(new ProcessInstance(std::move(launch), finalize_timeout));
  {
    std::unique_lock lock(instance->mutex_);
    instance->changed_.wait(lock, [&] { return instance->ready_ || !instance->broken_.ok(); });
    if (!instance->ready_) return instance->broken_;
  }
  return std::unique_ptr<Instance>(std::move(instance));
}

ProcessInstance::ProcessInstance(Launch launch, milliseconds finalize_timeout)
    : launch_(std::move(launch)), finalize_timeout_(finalize_timeout) {
  supervisor_ = std::thread([this] { supervise(); });
}

ProcessInstance::~ProcessInstance() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (process_) process_->interrupt();
  }
  changed_.notify_all();
  supervisor_.join();
}

void ProcessInstance::supervise() {
  milliseconds rest{0};
  int fruitless = 0;
  for (;;) {
    const Life life = live_once();
    std::unique_lock lock(mutex_);
    if (stopping_) return;
    say(life.end);
    if (std::exchange(ran_a_batch_, false)) {
      fruitless = 0;
      rest = milliseconds(0);
    }
    if (life.was_ready && ++fruitless <= kMostFruitless) continue;
    rest = std::clamp(2 * rest, kFirstRest, kLongestRest);
    broken_ = life.end;
    changed_.notify_all();
    changed_.wait_for(lock, rest, [this] { return stopping_; });
    if (stopping_) return;
    broken_ = {};
  }
}

ProcessInstance::Life ProcessInstance::live_once() {
  Result<std::unique_ptr<ModelProcess>> spawned = ModelProcess::spawn(launch_);
  if (!spawned.ok()) return {false, std::move(spawned).status()};
  const Process process = std::move(*spawned);
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return {false, {}};
    process_ = process;
  }
  const Result<std::string> started = process->wait_started();
  Status why = started.status();
  if (started.ok()) {
    {
      const std::lock_guard lock(mutex_);
      ready_ = true;
    }
    changed_.notify_all();
    why = process->serve();
    {
      const std::lock_guard lock(mutex_);
      ready_ = false;
    }
    if (why.ok()) {
      say(process->finalize(finalize_timeout_));
      why = unavailable("the model is being unloaded");
    }
  }
  process->end(unhealthy(why));
  {
    const std::lock_guard lock(mutex_);
    process_ = nullptr;
    last_end_ = why;
  }
  changed_.notify_all();
  return {started.ok(), why};
}

Result<ProcessInstance::Process> ProcessInstance::ready_process() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ready_ || !broken_.ok(); });
  if (!ready_) return unhealthy(broken_);
  return process_;
}

Status ProcessInstance::why_lost(const Process& process) {
  process->kill();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return process_ != process; });
  return unhealthy(last_end_);
}

ComputeTimes ProcessInstance::execute(Batch batch) {
  ComputeTimes times;
  for (int i = 0; i < kMostTries; ++i) {
    const Result<Process> process = ready_process();
    if (!process.ok()) {
      fail(batch, process.status());
      return times;
    }
    if (run(*process, batch, times)) return times;
  }
  fail(batch, unhealthy(internal_error("{} processes ended before they took the batch", kMostTries)));
  return times;
}

bool ProcessInstance::run(const Process& process, Batch batch, ComputeTimes& times) {
  const auto begin = Clock::now();
  const uint64_t tag = process->jobs().begin_batch(batch);
  const Result<PackedBatch> packed = pack_batch(batch, launch_.config, tag, process->inputs());
  if (!packed.ok()) {
    fail(process->jobs().take_batch(), packed.status());
    return true;
  }
  const auto sent = Clock::now();
  const Result<Frame> frame = process->execute(tag, packed->body.body());
  const auto answered = Clock::now();
  times.input = sent - begin;
  times.infer = answered - sent;
  if (frame.ok()) {
    answer(process, *frame);
    times.output = Clock::now() - answered;
    return true;
  }
  const Status why = why_lost(process);
  const bool begun = process->inputs().was_seen(packed->block);
  const std::vector<std::shared_ptr<Job>> jobs = process->jobs().take_batch();
  if (begun) fail(jobs, why);
  return begun;
}

void ProcessInstance::answer(const Process& process, const Frame& frame) {
  Unpacker unpacker(frame.body);
  const bool failed = unpacker.take<uint8_t>() != 0;
  const Status failure = failed ? internal_error("{}", unpacker.take_text()) : Status();
  say(failure);
  if (launch_.decoupled()) {
    process->jobs().keep_batch();  // errors too come over the other stream, after the answers before them
  } else if (failed) {
    fail(process->jobs().take_batch(), failure);
  } else {
    Result<std::vector<ModelAnswer>> answers = take_answers(unpacker, launch_.config, process->outputs());
    const std::vector<std::shared_ptr<Job>> jobs = process->jobs().take_batch();
    if (!answers.ok() || answers->size() != jobs.size()) {
      fail(jobs, why_lost(process));
      return;
    }
    for (size_t i = 0; i < jobs.size(); ++i)
      jobs[i]->answer((*answers)[i] ? *std::move((*answers)[i])
                                    : Result<Answer>(internal_error("the model gave no response")));
  }
  const std::lock_guard lock(mutex_);
  ran_a_batch_ = true;
}

void ProcessInstance::fail(Batch jobs, const Status& why) const {
  for (const auto& job : jobs) {
    job->answer(why);
    if (launch_.decoupled()) job->end();
  }
}

Status ProcessInstance::unhealthy(const Status& why) const {
  return {launch_.lost,
          fmt::format("{} '{}' is not healthy: {}", launch_.called, launch_.instance, why.message())};
}

void ProcessInstance::say(const Status& problem) const {
  if (!problem.ok() && launch_.log) launch_.log->error("{}: {}", launch_.instance, problem.message());
}

}  // namespace ridgeline::serve
