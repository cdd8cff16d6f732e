#include "serve/process/process_instance.h"

#include <algorithm>

namespace ridgeline::serve {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// Processes in a row that may end without having run a batch, before there is a rest; the very first may
/// not.
constexpr int kMostFruitless = 3;
/// Before a model that cannot be started, or ends again and again, is started once more.
constexpr milliseconds kFirstRest{100};
constexpr milliseconds kLongestRest{10'000};
/// Processes that may end before they look at one batch.
constexpr int kMostTries = 3;

/// Of the time that a batch was in the process what it says that it computed, as far as that can be; the rest
/// went into the way there and back.
void take_times(Unpacker& unpacker, ComputeTimes& times) {
  const Nanos whole = times.infer;
  const Nanos input(unpacker.take<int64_t>());
  const Nanos infer(unpacker.take<int64_t>());
  unpacker.take<int64_t>();  // is in the rest
  times.infer = std::clamp(infer, Nanos(0), whole);
  const Nanos of_input = std::clamp(input, Nanos(0), whole - times.infer);
  times.input += of_input;
  times.output += whole - times.infer - of_input;
}

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
  for (bool again = false;; again = true) {
    const Life life = live_once(again);
    std::unique_lock lock(mutex_);
    if (stopping_) return;
    say(life.end);
    if (std::exchange(ran_a_batch_, false)) {
      fruitless = 0;
      rest = milliseconds(0);
    }
    if ((life.was_ready || again) && ++fruitless <= kMostFruitless) continue;
    rest = std::clamp(2 * rest, kFirstRest, kLongestRest);
    broken_ = life.end;
    changed_.notify_all();
    changed_.wait_for(lock, rest, [this] { return stopping_; });
    if (stopping_) return;
    broken_ = {};
  }
}

ProcessInstance::Life ProcessInstance::live_once(bool again) {
  Launch launch = launch_;
  launch.start["again"] = again;
  Result<std::unique_ptr<ModelProcess>> spawned = ModelProcess::spawn(std::move(launch));
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
  times = {.input = sent - begin, .infer = answered - sent, .output = {}};
  if (frame.ok()) {
    answer(process, *frame, times);
    times.output += Clock::now() - answered;
    return true;
  }
  const Status why = why_lost(process);
  const bool begun = process->inputs().was_seen(packed->block);
  const std::vector<std::shared_ptr<Job>> jobs = process->jobs().take_batch();
  if (begun) fail(jobs, why);
  return begun;
}

void ProcessInstance::answer(const Process& process, const Frame& frame, ComputeTimes& times) {
  Unpacker unpacker(frame.body);
  const auto outcome = static_cast<Outcome>(unpacker.take<uint8_t>());
  const bool failed = outcome == Outcome::kFailed;
  const Status failure = failed ? internal_error("{}", unpacker.take_text()) : Status();
  say(failure);
  if (outcome == Outcome::kTimed) take_times(unpacker, times);
  if (launch_.decoupled()) {
    process->jobs().keep_batch();  // errors too come over the other stream, after the answers before them
  } else if (failed) {
    fail(process->jobs().take_batch(), failure);
  } else {
    if (!answer_batch(process, unpacker)) return;
  }
  const std::lock_guard lock(mutex_);
  ran_a_batch_ = true;
}

bool ProcessInstance::answer_batch(const Process& process, Unpacker& unpacker) {
  Result<std::vector<ModelAnswer>> answers = take_answers(unpacker, launch_.config, process->outputs());
  const std::vector<std::shared_ptr<Job>> jobs = process->jobs().take_batch();
  const Status sound = answers.ok() ? check(jobs, *answers) : answers.status();
  if (!sound.ok()) {
    say(sound);
    (void)why_lost(process);  // we end it: what it said is why
    fail(jobs, unhealthy(sound));
    return false;
  }
  for (size_t i = 0; i < jobs.size(); ++i)
    jobs[i]->answer((*answers)[i] ? *std::move((*answers)[i])
                                  : Result<Answer>(internal_error("the model gave no response")));
  return true;
}

Status ProcessInstance::check(Batch jobs, const std::vector<ModelAnswer>& answers) const {
  if (answers.size() != jobs.size())
    return internal_error("the process sent {} answers to {} requests", answers.size(), jobs.size());
  for (size_t i = 0; i < jobs.size(); ++i)
    if (launch_.check && answers[i] && answers[i]->ok())
      RETURN_IF_ERROR(launch_.check(*jobs[i], answers[i]->value()));
  return {};
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
