#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "base/json.h"
#include "base/subprocess.h"
#include "serve/core/backend.h"
#include "serve/process/arena.h"
#include "serve/process/calls.h"
#include "serve/process/child_metrics.h"
#include "serve/process/child_output.h"
#include "serve/process/frames.h"
#include "serve/process/open_jobs.h"
#include "serve/process/protocol.h"

namespace ridgeline::serve {

/// All that a model's process is started with.
struct Launch {
  std::vector<std::string> command;                              ///< the program's path first
  std::vector<std::pair<std::string, std::string>> environment;  ///< set on top of ours
  Result<Descriptor> (*file)() = nullptr;  ///< makes what the process has as kFileDescriptor; null: nothing
  std::string instance;                    ///< its name, for the log
  std::string_view called = "process";     ///< what errors call it
  ErrorCode lost = ErrorCode::kInternal;   ///< of a batch that a process was at when it ended
  Json start;                              ///< what the process has to know
  ModelConfig config;                      ///< with the reshapes that the process wants done
  std::function<Status(const Job&, const Answer&)> check;  ///< what a sound answer is; null: any
  uint64_t memory_bytes = 0;                               ///< of each arena
  std::chrono::milliseconds start_timeout{0};
  Host* host = nullptr;                    ///< null: the process has to ask for nothing
  std::shared_ptr<CustomMetrics> metrics;  ///< may be null
  std::shared_ptr<Log> log;                ///< may be null

  bool decoupled() const { return config.decoupled.value_or(false); }
};

/// One process of a model from its start to its end. One thread supervises it, from spawn() to end(): the
/// kernel kills the process when that thread ends. Another may hand batches over meanwhile, by execute().
class ModelProcess {
 public:
  static Result<std::unique_ptr<ModelProcess>> spawn(Launch launch);
  ModelProcess(const ModelProcess&) = delete;
  ModelProcess& operator=(const ModelProcess&) = delete;
  /// Kills what still runs.
  ~ModelProcess();

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
  explicit ModelProcess(Launch launch, Parts parts);

  /// Waits for whatever comes first and deals with it; a frame where one came over the execute stream, which
  /// is looked at only if asked for. An error when the process is gone or not to be trusted.
  Result<std::optional<Frame>> turn(std::chrono::milliseconds most, bool with_execute);
  Status take_questions();
  Status take_question(const Frame& frame);
  Status take_response(const Frame& frame);
  Status take_model_call(const Frame& frame);
  void take_log(const Frame& frame);
  Status take_metric(const Frame& frame);
  Status take_change(const Frame& frame);
  Status take_ask_ready(const Frame& frame);
  Status tell(uint64_t question, const Result<double>& told);
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
  ChildMetrics metrics_;
  std::atomic<bool> interrupted_{false};
  bool started_ = false;    ///< of the supervisor
  std::mutex child_mutex_;  ///< of child_ and ended_
  Subprocess child_;
  bool ended_ = false;
};

}  // namespace ridgeline::serve
