#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/subprocess.h"
#include "bench/results.h"
#include "bench/worker_protocol.h"

namespace ridgeline::bench {

/// How workers are started and held in check.
struct WorkerLaunch {
  std::vector<std::string> command;  ///< what runs run_worker()
  double timeout_s = 300;
  int64_t memory_limit_bytes = 0;  ///< of resident memory; 0: none
  CancelToken cancel;
};

/// The race's end of one worker. A request that fails because the worker died, hung or grew too large ends
/// the worker; the error's code tells which (see status_of) and its message why. Between requests call
/// pause(): what an engine's threads do after a run (spinning, mostly) must not disturb the neighbours'
/// times.
class WorkerProcess {
 public:
  static Result<WorkerProcess> start(const WorkerLaunch& launch);

  pid_t pid() const { return process_.pid(); }
  /// The answer; `extra_s` is granted on top of the launch's time-out. kCancelled as soon as the token is
  /// set.
  Result<Json> request(const Json& message, double extra_s = 0);
  void pause() { process_.pause(); }
  void resume() { process_.resume(); }

 private:
  WorkerProcess(Subprocess process, WorkerLaunch launch);
  Status check_memory();
  Status death_report();

  Subprocess process_;
  WorkerLaunch launch_;
  int64_t oom_kills_before_ = 0;
};

/// The row's status for an error of a worker or engine: kTimeout → TIMEOUT, kOutOfMemory → OOM, kUnsupported
/// → UNSUPPORTED, kUnavailable → SKIPPED, all else → FAILED.
CellStatus status_of(ErrorCode code);

}  // namespace ridgeline::bench
