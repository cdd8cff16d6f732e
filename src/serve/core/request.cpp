#include "serve/core/request.h"

#include <algorithm>

#include "base/hash.h"
#include "serve/core/tracer.h"
#include "wire/check.h"

namespace ridgeline::serve {
namespace {

/// Points the inputs at the clients' memory, which stays mapped as long as the request.
Status resolve_inputs(wire::InferRequest& request, const SharedMemory& memory) {
  for (wire::InputTensor& input : request.inputs) {
    if (!input.shared_memory) continue;
    ASSIGN_OR_RETURN(MappedBytes mapped, memory.resolve(*input.shared_memory));
    input.data = mapped.bytes;
    input.shared_memory.reset();
    request.keep_alive.push_back(std::move(mapped.owner));
  }
  return {};
}

/// The model's order, so that requests that name their inputs in another one still batch.
void sort_inputs(wire::InferRequest& request, const wire::ModelSignature& signature) {
  if (request.inputs.size() < 2) return;
  const auto place = [&](const wire::InputTensor& input) {
    return std::ranges::find(signature.inputs, input.name, &wire::TensorSignature::name);
  };
  std::ranges::stable_sort(request.inputs, {}, place);
}

uint64_t bucket_of(const wire::InferRequest& request, const ModelFacts& model) {
  uint64_t bucket = model.bucket_seed;
  for (const wire::InputTensor& input : request.inputs) {
    bucket = hash_bytes(input.name, bucket);
    const auto& configured = model.config->inputs;
    const auto found = std::ranges::find(configured, input.name, &InputConfig::name);
    if (found != configured.end() && found->allow_ragged_batch) continue;
    const std::span<const int64_t> dims(input.shape.begin(), input.shape.end());
    const auto item = dims.subspan(model.batched() && !dims.empty() ? 1 : 0);
    bucket = hash_bytes({reinterpret_cast<const char*>(item.data()), item.size_bytes()}, bucket);
  }
  return bucket;
}

}  // namespace

Result<std::shared_ptr<Request>> Request::make(Call& call, std::shared_ptr<const ModelFacts> model) {
  RETURN_IF_ERROR(resolve_inputs(call.request, *model->memory));
  ASSIGN_OR_RETURN(std::vector<WantedOutput> wanted, wanted_outputs(call.request, *model->memory));
  RETURN_IF_ERROR(wire::check_against(*model->signature, call.request));
  return std::make_shared<Request>(std::move(call), std::move(model), std::move(wanted));
}

Request::Request(Call call, std::shared_ptr<const ModelFacts> model, std::vector<WantedOutput> wanted)
    : model_(std::move(model)),
      request_(std::move(call.request)),
      client_(std::move(call.client)),
      wanted_(std::move(wanted)) {
  model_->traffic->in_flight.fetch_add(1);
  sort_inputs(request_, *model_->signature);
  if (model_->batched() && !request_.inputs.empty() && request_.inputs.front().shape.rank() > 0)
    pending_.rows = std::max<int64_t>(1, request_.inputs.front().shape[0]);
  pending_.bucket = bucket_of(request_, *model_);
  pending_.priority = request_.priority;
  pending_.timeout = nanos_of_us(request_.timeout_us);
  moments_.received = call.received;
  traced_ = model_->tracer->pick(model_->name, call.trace);
  moments_.enqueued = std::max(TimePoint(std::chrono::steady_clock::now()), call.received);
  pending_.enqueued = moments_.enqueued;
}

Request::~Request() {
  if (!ended_) {
    if (!answer_ && !model_->decoupled)
      answer_ = internal_error("model '{}' dropped the request without an answer", model_->name);
    if (answer_) client_->answer(*std::move(answer_));
    client_->end();
  }
  client_.reset();
  model_->traffic->in_flight.fetch_sub(1);
}

Result<Answer> Request::finished(Result<Answer> answer) {
  if (!answer.ok()) return answer;
  if (inspector_) inspector_(*answer);
  answer->response.model_name = model_->name;
  answer->response.model_version = model_->version;
  answer->response.id = request_.id;
  return finish(std::move(answer).value(), *model_, wanted_);
}

std::unique_lock<std::mutex> Request::hold() const {
  return model_->decoupled ? std::unique_lock(mutex_) : std::unique_lock<std::mutex>();
}

bool Request::failed() const {
  const auto held = hold();
  return failed_;
}

void Request::set_times(const ServiceTimes& times, int64_t batch_rows, uint64_t instance) {
  const auto held = hold();
  times_ = times;
  batch_rows_ = batch_rows;
  instance_ = instance;
}

std::optional<TraceContext> Request::trace_context() const {
  if (!traced_ || traced_->trace == TraceId{}) return {};
  return TraceContext{.trace_id = traced_->trace, .span_id = traced_->span, .sampled = true};
}

void Request::trace(const SpanIds& ids, const std::string& error) {
  moments_.input_done = moments_.batch_closed + times_.compute.input;
  moments_.infer_done = moments_.input_done + times_.compute.infer;
  moments_.output_done = moments_.infer_done + times_.compute.output;
  moments_.answered = std::chrono::steady_clock::now();
  model_->tracer->add({.model = model_->name,
                       .version = model_->version,
                       .request_id = request_.id,
                       .rows = pending_.rows,
                       .batch_rows = batch_rows_,
                       .error = error,
                       .ids = ids,
                       .thread = instance_,
                       .moments = moments_});
}

void Request::answer(Result<Answer> answer) {
  const auto held = hold();
  if (ended_ || (answer_ && !model_->decoupled)) return;
  Result<Answer> done = finished(std::move(answer));
  failed_ = failed_ || !done.ok();
  if (!model_->decoupled) {
    answer_ = std::move(done);
    return;
  }
  record_response(done.ok(), done.ok() && done->response.outputs.empty());
  client_->answer(std::move(done));
}

void Request::record_response(bool ok, bool empty) {
  using Outcome = ResponseRecord::Outcome;
  const TimePoint now = std::chrono::steady_clock::now();
  model_->refusals->response({.number = responses_++,
                              .outcome = !ok     ? Outcome::kFail
                                         : empty ? Outcome::kEmpty
                                                 : Outcome::kSuccess,
                              .infer = now - moments_.batch_closed,
                              .output = empty ? std::nullopt : std::optional(Nanos{0})});
}

void Request::end() {
  const auto held = hold();
  if (ended_ || !model_->decoupled) return;
  ended_ = true;
  if (told_) *told_ = times_;
  client_->end();
  if (traced_) trace(*traced_, "");
}

void Request::refuse(Status why, FailureReason reason) {
  failed_ = true;
  model_->refusals->failure(reason, age());
  ended_ = true;
  client_->answer(std::move(why));
  client_->end();
}

void Request::close_execution() {
  if (model_->decoupled || answer_) return;
  failed_ = true;
  answer_ = internal_error("model '{}' gave no answer to the request", model_->name);
}

void Request::deliver() {
  if (model_->decoupled || ended_) return;  // a decoupled one may be ended by its backend at this moment
  ended_ = true;
  if (told_) *told_ = times_;
  const std::string error = traced_ ? answer_->status().message() : "";
  client_->answer(*std::move(answer_));
  client_->end();
  if (traced_) trace(*traced_, error);
}

}  // namespace ridgeline::serve
