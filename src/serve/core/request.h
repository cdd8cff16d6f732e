#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "serve/core/backend.h"
#include "serve/core/call.h"
#include "serve/core/finish.h"
#include "serve/core/served_model.h"
#include "serve/observe/trace.h"
#include "serve/scheduling/batch_policy.h"

namespace ridgeline::serve {

/// How long a request to one model took, for whoever made it on behalf of another.
struct ServiceTimes {
  Nanos queue{0};
  ComputeTimes compute;
};

/// A request on its way through a model, from its check to its answer. It is told to its client exactly once
/// that it is over, and, at the latest when the last owner drops it, how. Owned by one thread at a time: the
/// caller's, the queue's (under its lock), the instance's.
class Request final : public Job {
 public:
  /// Holds the call to its model: names, shapes, sizes, shared memory. What is wrong is the status; the
  /// client hears nothing.
  static Result<std::shared_ptr<Request>> make(Call& call, std::shared_ptr<const ModelFacts> model);
  Request(Call call, std::shared_ptr<const ModelFacts> model, std::vector<WantedOutput> wanted);
  ~Request() override;

  const wire::InferRequest& request() const override { return request_; }
  int64_t rows() const override { return pending_.rows; }
  bool cancelled() const override { return client_->has_gone(); }
  void answer(Result<Answer> answer) override;
  void end() override;

  /// How the queue sees it.
  Pending& pending() { return pending_; }
  RequestMoments& moments() { return moments_; }
  const ModelFacts& model() const { return *model_; }
  /// What the backend is shown, to be completed before it runs.
  wire::InferRequest& mutable_request() { return request_; }

  /// Not run: counted as failed for `reason`, and told to the client.
  void refuse(Status why, FailureReason reason);
  /// After execute() returned: an internal error for what the backend left unanswered. A decoupled request
  /// goes on.
  void close_execution();
  bool failed() const;
  /// Hands the kept answer of a request that is not decoupled to the client.
  void deliver();

  /// For what the request asks of others; nothing where it is not traced for a collector.
  std::optional<TraceContext> trace_context() const;
  /// Asked for by a model that executes meanwhile.
  bool nested() const { return nested_; }
  void set_nested() { nested_ = true; }

  Nanos age() const { return std::chrono::steady_clock::now() - moments_.received; }
  /// What its batch took; `instance` tells the instances of a model apart in traces.
  void set_times(const ServiceTimes& times, int64_t batch_rows, uint64_t instance);
  /// Filled in before the answer is handed over.
  void tell_times(std::shared_ptr<ServiceTimes> told) { told_ = std::move(told); }
  /// Shown each of the model's answers before it is made what the client wants.
  void inspect(std::function<void(Answer&)> inspector) { inspector_ = std::move(inspector); }

 private:
  /// A decoupled request's backend and its instance may act at once: this one waits for the other.
  std::unique_lock<std::mutex> hold() const;
  Result<Answer> finished(Result<Answer> answer);
  void record_response(bool ok, bool empty);
  void trace(const SpanIds& ids, const std::string& error);

  mutable std::mutex mutex_;  ///< taken for decoupled models only
  std::shared_ptr<const ModelFacts> model_;
  wire::InferRequest request_;
  std::shared_ptr<Client> client_;
  std::vector<WantedOutput> wanted_;
  Pending pending_;
  RequestMoments moments_;
  std::optional<Result<Answer>> answer_;
  uint64_t responses_ = 0;
  bool failed_ = false;
  bool ended_ = false;
  bool nested_ = false;
  std::optional<SpanIds> traced_;
  int64_t batch_rows_ = 0;
  uint64_t instance_ = 0;
  ServiceTimes times_;
  std::shared_ptr<ServiceTimes> told_;
  std::function<void(Answer&)> inspector_;
};

}  // namespace ridgeline::serve
