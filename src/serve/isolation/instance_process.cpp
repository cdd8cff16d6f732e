#include "serve/isolation/instance_process.h"

#include <algorithm>
#include <exception>
#include <pthread.h>

#include "serve/config/defaults.h"
#include "serve/core/warmup.h"
#include "serve/isolation/start_message.h"
#include "serve/process/arena.h"
#include "serve/process/frames.h"
#include "serve/process/messages.h"
#include "serve/process/protocol.h"

namespace ridgeline::serve {
namespace {

/// A request of the server's, and its answer.
class TakenJob final : public Job {
 public:
  TakenJob(wire::InferRequest request, bool batched) : request_(std::move(request)) {
    if (batched && !request_.inputs.empty() && request_.inputs.front().shape.rank() > 0)
      rows_ = std::max<int64_t>(1, request_.inputs.front().shape[0]);
  }
  const wire::InferRequest& request() const override { return request_; }
  int64_t rows() const override { return rows_; }
  /// No backend asks while it executes: who is gone by then has left the server's queue.
  bool cancelled() const override { return false; }
  void answer(Result<Answer> answer) override { answer_ = std::move(answer); }
  void end() override {}
  Result<Answer> take() { return std::move(answer_); }

 private:
  wire::InferRequest request_;
  int64_t rows_ = 1;
  Result<Answer> answer_ = internal_error("the model gave no answer to the request");
};

class InstanceProcess {
 public:
  InstanceProcess(const Backends& backends, std::shared_ptr<Arena> inputs, std::shared_ptr<Arena> outputs)
      : backends_(&backends), inputs_(std::move(inputs)), outputs_(std::move(outputs)) {}

  /// Returns when there is nothing more to do.
  Status run() {
    RETURN_IF_ERROR(send(FromChild::kHello, 0, {}));
    ASSIGN_OR_RETURN(const Frame told, socket_.receive());
    Result<InstanceStart> start =
        instance_start_from_json({reinterpret_cast<const char*>(told.body.data()), told.body.size()});
    Status loaded = start.ok() ? guarded([&] { return load(*start); }) : start.status();
    if (!loaded.ok()) return send(FromChild::kFailed, told.tag, pack_failure(loaded).body());
    const std::string config = start->complete ? config_text(model_->config()) : "";
    RETURN_IF_ERROR(send(FromChild::kStarted, told.tag, std::as_bytes(std::span(config))));
    if (start->complete) return {};
    return serve();
  }

 private:
  /// A backend that throws fails, with the words that it has as a thread of the server's.
  template <typename Work>
  static Status guarded(const Work& work) {
    try {
      return work();
    } catch (const std::exception& thrown) {
      return internal_error("the model failed: {}", thrown.what());
    }
  }

  Status send(FromChild kind, uint64_t tag, std::span<const std::byte> body) {
    return socket_.send(static_cast<uint32_t>(kind), tag, body);
  }

  Status load(const InstanceStart& start) {
    pthread_setname_np(pthread_self(), start.place.name.substr(0, 15).c_str());  // the kernel's limit
    const std::string& name = start.source.config.backend;
    const auto backend = backends_->find(name);
    if (backend == backends_->end()) return invalid_argument("no backend '{}' runs in a process", name);
    ASSIGN_OR_RETURN(model_, backend->second->load(start.source));
    if (start.complete) return {};
    ASSIGN_OR_RETURN(instance_, model_->make_instance(start.place));
    if (!start.again) return {};
    ModelConfig config = model_->config();
    apply_defaults(config);
    ASSIGN_OR_RETURN(const auto warmups, warmup_requests(config, start.source.model_path));
    return warm_up(*instance_, warmups);
  }

  Status serve() {
    for (;;) {
      ASSIGN_OR_RETURN(const Frame frame, socket_.receive());
      switch (static_cast<ToChild>(frame.kind)) {
        case ToChild::kExecute:
          RETURN_IF_ERROR(send(FromChild::kExecuted, frame.tag, execute(frame.body).body()));
          break;
        case ToChild::kFinalize:
          return send(FromChild::kFinalized, frame.tag, {});
        default:
          return invalid_argument("the server sent a message of kind {}", frame.kind);
      }
    }
  }

  Packer execute(std::span<const std::byte> body) {
    Packer executed;
    const Status done = guarded([&] { return execute(body, executed); });
    if (done.ok()) return executed;
    Packer failed;
    failed.put(static_cast<uint8_t>(Outcome::kFailed));
    failed.put_text(done.message());
    return failed;
  }

  Status execute(std::span<const std::byte> body, Packer& executed) {
    ASSIGN_OR_RETURN(std::vector<wire::InferRequest> requests, take_batch(body, inputs_));
    const bool batched = model_->config().max_batch_size > 0;
    std::vector<std::shared_ptr<TakenJob>> jobs;
    for (wire::InferRequest& request : requests)
      jobs.push_back(std::make_shared<TakenJob>(std::move(request), batched));
    const std::vector<std::shared_ptr<Job>> batch(jobs.begin(), jobs.end());
    const ComputeTimes times = instance_->execute(batch);
    executed.put(static_cast<uint8_t>(Outcome::kTimed));
    for (const Nanos time : {times.input, times.infer, times.output})
      executed.put(static_cast<int64_t>(time.count()));
    std::vector<Result<Answer>> answers;
    for (const auto& job : jobs) answers.push_back(job->take());
    const Status packed = pack_answers(executed, answers, outputs_owner_);
    if (packed.ok()) return {};
    std::ranges::fill(answers, Result<Answer>(packed));  // these take no room
    return pack_answers(executed, answers, outputs_owner_);
  }

  const Backends* backends_;
  FrameSocket socket_{Descriptor(kExecuteDescriptor)};
  std::shared_ptr<Arena> inputs_;
  std::shared_ptr<Arena> outputs_;
  ArenaOwner outputs_owner_{outputs_};
  std::unique_ptr<LoadedModel> model_;
  std::unique_ptr<Instance> instance_;
};

}  // namespace

Status run_instance_process(const Backends& backends) {
  const auto explained = [](Status status) {
    return std::move(status).with_context("only `ridgeline serve` starts an instance's process");
  };
  Result<std::shared_ptr<Arena>> inputs = Arena::open(Descriptor(kInputsDescriptor));
  if (!inputs.ok()) return explained(inputs.status());
  Result<std::shared_ptr<Arena>> outputs = Arena::open(Descriptor(kOutputsDescriptor));
  if (!outputs.ok()) return explained(outputs.status());
  return InstanceProcess(backends, *std::move(inputs), *std::move(outputs)).run();
}

}  // namespace ridgeline::serve
