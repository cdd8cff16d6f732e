#include "bench/worker_process.h"

#include <algorithm>
#include <csignal>

#include "bench/process_memory.h"

namespace ridgeline::bench {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kWatchInterval(10);  // with a memory limit: how far a worker may outgrow it
constexpr milliseconds kCancelInterval(100);
constexpr milliseconds kDyingGrace(2000);
constexpr size_t kErrorLines = 5;

}  // namespace

Result<WorkerProcess> WorkerProcess::start(const WorkerLaunch& launch) {
  ASSIGN_OR_RETURN(Subprocess process, Subprocess::start({launch.command, {}}));
  return WorkerProcess(std::move(process), launch);
}

WorkerProcess::WorkerProcess(Subprocess process, WorkerLaunch launch)
    : process_(std::move(process)), launch_(std::move(launch)), oom_kills_before_(kernel_oom_kills()) {}

Result<Json> WorkerProcess::request(const Json& message, double extra_s) {
  if (!process_.write_line(message.dump()).ok()) return death_report();
  const double timeout_s = launch_.timeout_s + extra_s;
  const auto deadline =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(timeout_s));
  const milliseconds interval = launch_.memory_limit_bytes > 0 ? kWatchInterval : kCancelInterval;
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    const Result<std::string> line = process_.read_line(std::clamp(left, milliseconds(0), interval));
    if (line.ok()) return read_answer(*line);
    if (line.status().code() == ErrorCode::kUnavailable) return death_report();
    RETURN_IF_ERROR(check_memory());
    if (launch_.cancel.requested()) return cancelled("stopped by the user");
    if (left.count() > 0) continue;
    process_.kill();
    return timed_out("no answer to '{}' within {:g} s", message.value("op", ""), timeout_s);
  }
}

Status WorkerProcess::check_memory() {
  if (launch_.memory_limit_bytes == 0) return {};
  const auto memory = memory_of(process_.pid());
  if (!memory || memory->resident_bytes <= launch_.memory_limit_bytes) return {};
  process_.kill();
  return out_of_memory("{} MB resident, more than the limit of {} MB", memory->resident_bytes >> 20,
                       launch_.memory_limit_bytes >> 20);
}

Status WorkerProcess::death_report() {
  const ExitState exit = process_.finish(kDyingGrace);
  if (exit.signalled && exit.code == SIGKILL && kernel_oom_kills() > oom_kills_before_)
    return out_of_memory("killed by the kernel for want of memory");
  std::string tail = process_.error_tail(kErrorLines);
  return internal_error("the worker ended with {}{}{}", describe(exit), tail.empty() ? "" : ": ", tail);
}

CellStatus status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kTimeout:
      return CellStatus::kTimeout;
    case ErrorCode::kOutOfMemory:
      return CellStatus::kOutOfMemory;
    case ErrorCode::kUnsupported:
      return CellStatus::kUnsupported;
    case ErrorCode::kUnavailable:
      return CellStatus::kSkipped;
    default:
      return CellStatus::kFailed;
  }
}

}  // namespace ridgeline::bench
