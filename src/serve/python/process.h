#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/subprocess.h"
#include "serve/core/call.h"
#include "serve/process/arena.h"
#include "serve/process/child_output.h"
#include "serve/process/frames.h"
#include "serve/python/calls.h"
#include "serve/python/open_jobs.h"
#include "serve/python/protocol.h"

namespace ridgeline::serve {

/// All that a Python process is started with.
struct Launch {
  std::string interpreter;
  std::string instance;  ///< its name, for the log
  Json start;            ///< what stub/ridgeline_stub/serve.py asks for
  ModelConfig config;
  int threads = 1;  ///< of numpy and the like
  uint64_t memory_bytes = 0;
  std::chrono::milliseconds start_timeout{0};
  Inference* inference = nullptr;
  std::shared_ptr<Log> log;  ///< may be null

  bool decoupled() const { return config.decoupled.value_or(false); }
};

/// One Python process from its start to its end. One thread supervises it, from spawn() to end(): the kernel
/// kills the process when that thread ends. Another may hand batches over meanwhile, by execute().
class PythonProcess {
 public:
  static Result<std::unique_ptr<PythonProcess>> spawn(Launch launch);
  PythonProcess(const PythonProcess&) = delete;
  PythonProcess& operator=(const PythonProcess&) = delete;
  /// Kills what still runs.
  ~PythonProcess();

  /// Supervisor: until the model is initialised; the completed configuration, where `start` asks for it.
  /// kInternal with the model's own words, or the last lines of one that ended; kCancelled after interrupt().
  Result<std::string> wait_started();
  /// Supervisor: does what the process asks for until it ends or interrupt() is called; why it ended.
  Status serve();
  /// Supervisor: finalize(), within that time.
  Status finalize(std::chrono::milliseconds most);
  /// Supervisor: the process is gone after this; all open jobs are answered with `why`.
  void end(const Status& why);

  /// One thread at a time. Blocks until the process has answered; kUnavailable when it is gone, and then
  /// nothing more is of use.
  Result<Frame> execute(uint64_t tag, std::span<const std::byte> body);

  /// Any thread: wait_started() and serve() return soon.
  void interrupt();
  void kill();

  ArenaOwner& inputs() { return inputs_owner_; }
  const std::shared_ptr<Arena>& outputs() const { return outputs_; }
  OpenJobs& jobs() { return jobs_; }

 private:
  struct Parts;
  explicit PythonProcess(Launch launch, Parts parts);

  /// Waits for whatever comes first and deals with it; a frame where one came over the execute stream, which
  /// is looked at only if asked for. An error when the process is gone or not to be trusted.
  Result<std::optional<Frame>> turn(std::chrono::milliseconds most, bool with_execute);
  Status take_questions();
  Status take_question(const Frame& frame);
  Status take_response(const Frame& frame);
  Status take_model_call(const Frame& frame);
  void take_log(const Frame& frame);
  Status answer_calls();
  void read_last_words();
  Status why_it_ended(const Status& seen);

  Launch launch_;
  std::shared_ptr<Arena> inputs_;
  std::shared_ptr<Arena> outputs_;
  ArenaOwner inputs_owner_;
  FrameSocket execute_socket_;
  FrameSocket question_socket_;
  ChildOutput output_;
  std::shared_ptr<CallAnswers> calls_;
  OpenJobs jobs_;
  std::atomic<bool> interrupted_{false};
  std::mutex child_mutex_;  ///< of child_ and ended_
  Subprocess child_;
  bool ended_ = false;
};

}  // namespace ridgeline::serve
