#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "serve/core/backend.h"
#include "serve/process/messages.h"
#include "serve/process/model_process.h"

namespace ridgeline::serve {

/// A model in a process that is started again whenever it ends; what the process is told at its start says by
/// "again" whether there was one before. A thread of its own starts and supervises it.
class ProcessInstance : public Instance {
 public:
  /// Waits until the model is initialised; its words, or the process' last ones, where that failed.
  static Result<std::unique_ptr<Instance>> create(Launch launch, std::chrono::milliseconds finalize_timeout);
  ProcessInstance(const ProcessInstance&) = delete;
  ProcessInstance& operator=(const ProcessInstance&) = delete;
  /// Calls finalize(), and kills the process where that takes too long.
  ~ProcessInstance() override;

  /// A batch whose process ends before it has looked at it goes to the next process; one that a process was
  /// at fails. While a process that failed to start rests before the next try, batches fail at once.
  ComputeTimes execute(std::span<const std::shared_ptr<Job>> batch) override;

 private:
  using Batch = std::span<const std::shared_ptr<Job>>;
  using Process = std::shared_ptr<ModelProcess>;
  struct Life {
    bool was_ready = false;
    Status end;  ///< why it ended
  };

  ProcessInstance(Launch launch, std::chrono::milliseconds finalize_timeout);

  void supervise();
  /// One process from its start to its end. `again`: there was one before.
  Life live_once(bool again);
  /// Waits for the present process, or for the next one, to be ready.
  Result<Process> ready_process();
  /// Waits until the supervisor has given this process up; why.
  Status why_lost(const Process& process);

  /// False where the process ended before it looked at the batch, which then is as it was.
  bool run(const Process& process, Batch batch, ComputeTimes& times);
  void answer(const Process& process, const Frame& frame, ComputeTimes& times);
  /// Of a process that is not decoupled. False for answers that make no sense: the process is given up.
  bool answer_batch(const Process& process, Unpacker& unpacker);
  Status check(Batch jobs, const std::vector<ModelAnswer>& answers) const;
  void fail(Batch jobs, const Status& why) const;
  Status unhealthy(const Status& why) const;
  void say(const Status& problem) const;

  const Launch launch_;
  const std::chrono::milliseconds finalize_timeout_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  Process process_;           ///< null while there is none
  bool ready_ = false;        ///< it takes batches
  bool ran_a_batch_ = false;  ///< the present process, or the one before
  Status broken_;             ///< not ok while no process is about to be ready
  Status last_end_;           ///< of the process before
  std::thread supervisor_;
};

}  // namespace ridgeline::serve
