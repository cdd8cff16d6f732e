#include "serve/core/ensemble_run.h"

#include <algorithm>

#include "serve/core/submit.h"

namespace ridgeline::serve {
namespace {

/// Triton's rule where a model with a batch axis meets one without: a batch of one is added or taken off.
Shape fitted(Shape shape, size_t rank, bool batched) {
  std::vector<int64_t>& dims = shape.dims();
  if (dims.size() + 1 == rank && batched) dims.insert(dims.begin(), 1);
  if (dims.size() == rank + 1 && !batched && dims.front() == 1) dims.erase(dims.begin());
  return shape;
}

Shape fitted(Shape shape, const wire::ModelSignature& signature,
             const std::vector<wire::TensorSignature>& tensors, std::string_view name) {
  const auto found = std::ranges::find(tensors, name, &wire::TensorSignature::name);
  if (found == tensors.end()) return shape;
  return fitted(std::move(shape), signature.full_shape(*found).rank(), signature.max_batch_size > 0);
}

bool derives(const auto& flow, const auto& from) {
  for (const auto* before = flow.parent; before != nullptr; before = before->parent)
    if (before == &from) return true;
  return false;
}

}  // namespace

/// The client of one step in one flow.
class EnsembleRun::Step final : public Client {
 public:
  Step(std::shared_ptr<EnsembleRun> run, Launch launch, std::shared_ptr<ServiceTimes> times)
      : run_(std::move(run)), launch_(launch), times_(std::move(times)) {}
  void answer(Result<Answer> answer) override { run_->answered(launch_, std::move(answer)); }
  void end() override { run_->ended(launch_.step, *times_); }
  bool has_gone() const override { return run_->request_->cancelled(); }

 private:
  std::shared_ptr<EnsembleRun> run_;
  Launch launch_;
  std::shared_ptr<ServiceTimes> times_;
};

EnsembleRun::EnsembleRun(std::shared_ptr<Request> request,
                         std::vector<std::shared_ptr<ServedVersion>> versions)
    : request_(std::move(request)), versions_(std::move(versions)), running_(versions_.size()) {}

const Ensemble& EnsembleRun::ensemble() const {
  return std::get<Ensemble>(request_->model().config->scheduling);
}

void EnsembleRun::begin() {
  const TimePoint now = std::chrono::steady_clock::now();
  request_->moments().instance_idle = now;
  request_->moments().batch_closed = now;
  Tensors given;
  const auto& inputs = request_->request().inputs;
  for (const InputConfig& input : request_->model().config->inputs) {
    const auto found = std::ranges::find(inputs, input.name, &wire::InputTensor::name);
    std::optional<Tensor>& tensor = given[input.name];
    if (found != inputs.end())
      tensor = Tensor{{found->name, found->datatype, found->shape, found->data}, {request_}};
  }
  {
    const std::lock_guard lock(mutex_);
    flows_.push_back({.launched = std::vector<bool>(versions_.size())});
    put(flows_.front(), given);
  }
  launch();
}

/// Gives the tensors to the flow and to all that derive from it, and queues the steps that have all of
/// theirs.
void EnsembleRun::put(Flow& flow, const Tensors& tensors) {
  flow.tensors.insert(tensors.begin(), tensors.end());
  queue_ready(flow);
  for (Flow& other : flows_) {  // those before come before: a step runs in the first flow that can
    if (!derives(other, flow)) continue;
    other.tensors.insert(tensors.begin(), tensors.end());
    queue_ready(other);
  }
}

void EnsembleRun::queue_ready(Flow& flow) {
  const auto& steps = ensemble().steps;
  for (size_t i = 0; i < steps.size(); ++i) {
    const auto is_there = [&](const auto& entry) { return flow.tensors.contains(entry.second); };
    if (flow.launched[i] || !std::ranges::all_of(steps[i].input_map, is_there)) continue;
    flow.launched[i] = true;
    for (Flow& other : flows_)
      if (derives(other, flow)) other.launched[i] = true;
    ready_.push_back({i, &flow});
  }
}

/// Those that may run now: of one step, no more at a time than max_inflight_requests.
std::vector<EnsembleRun::Launch> EnsembleRun::take_launches() {
  std::vector<Launch> launches;
  const uint32_t most = ensemble().max_inflight_requests;
  std::erase_if(ready_, [&](const Launch& launch) {
    if (most > 0 && running_[launch.step] >= most) return false;
    ++running_[launch.step];
    launches.push_back(launch);
    return true;
  });
  return launches;
}

void EnsembleRun::launch() {
  std::vector<std::pair<Launch, Call>> calls;
  {
    const std::lock_guard lock(mutex_);
    if (failed_) ready_.clear();
    for (const Launch& launch : take_launches()) calls.emplace_back(launch, call_of(launch));
  }
  for (auto& [launch, call] : calls) {
    auto times = std::make_shared<ServiceTimes>();
    call.client = std::make_shared<Step>(shared_from_this(), launch, times);
    submit(versions_[launch.step], std::move(call), {.times = times, .nested = request_->nested()});
  }
}

Call EnsembleRun::call_of(const Launch& launch) const {
  const EnsembleStep& step = ensemble().steps[launch.step];
  const ModelFacts& model = versions_[launch.step]->facts;
  const wire::InferRequest& asked = request_->request();
  wire::InferRequest request{.model = model.name,
                             .version = model.version,
                             .id = asked.id,
                             .sequence = asked.sequence,
                             .priority = asked.priority,
                             .timeout_us = asked.timeout_us,
                             .parameters = asked.parameters};
  for (const auto& [input, name] : step.input_map) {
    const std::optional<Tensor>& held = launch.flow->tensors.at(name);
    if (!held) continue;
    request.inputs.push_back(
        {.name = input,
         .datatype = held->tensor.datatype,
         .shape = fitted(held->tensor.shape, *model.signature, model.signature->inputs, input),
         .data = held->tensor.data});
    std::ranges::copy(held->keep_alive, std::back_inserter(request.keep_alive));
  }
  for (const auto& [output, name] : step.output_map) request.outputs.push_back({.name = output});
  return {.request = std::move(request),
          .client = nullptr,
          .received = std::chrono::steady_clock::now(),
          .trace = request_->trace_context()};
}

void EnsembleRun::answered(const Launch& of, Result<Answer> answer) {
  std::vector<Answer> answers;
  {
    const std::lock_guard lock(mutex_);
    if (failed_) return;
    failed_ = !answer.ok();
    if (answer.ok()) {
      Tensors made;
      auto& outputs = answer->response.outputs;
      for (const auto& [output, name] : ensemble().steps[of.step].output_map) {
        const auto found = std::ranges::find(outputs, output, &wire::OutputTensor::name);
        std::optional<Tensor>& tensor = made[name];
        if (found != outputs.end()) tensor = Tensor{*found, answer->keep_alive};
      }
      Flow* flow = of.flow;
      if (versions_[of.step]->facts.decoupled) {
        flow = &flows_.emplace_back(*of.flow);
        flow->parent = of.flow;
        flow->answered = false;
      }
      put(*flow, made);
      answers = collect_complete();
    }
  }
  if (!answer.ok()) request_->answer(std::move(answer).status());
  for (Answer& complete : answers) request_->answer(std::move(complete));
  launch();
}

void EnsembleRun::ended(size_t step, const ServiceTimes& times) {
  bool complete = false;
  {
    const std::lock_guard lock(mutex_);
    compute_.input += times.compute.input;
    compute_.infer += times.compute.infer;
    compute_.output += times.compute.output;
    --running_[step];
    if (failed_) ready_.clear();
    const bool idle = std::ranges::all_of(running_, [](size_t count) { return count == 0; });
    complete = idle && ready_.empty() && !finished_;
    finished_ = finished_ || complete;
  }
  if (complete)
    finish();
  else
    launch();
}

std::vector<Answer> EnsembleRun::collect_complete() {
  std::vector<Answer> answers;
  const auto& outputs = request_->model().config->outputs;
  for (Flow& flow : flows_) {
    const auto is_there = [&](const OutputConfig& output) { return flow.tensors.contains(output.name); };
    if (flow.answered || !std::ranges::all_of(outputs, is_there)) continue;
    flow.answered = true;
    answers.push_back(collect(flow));
  }
  return answers;
}

Answer EnsembleRun::collect(const Flow& flow) const {
  Answer answer;
  const ModelFacts& model = request_->model();
  for (const OutputConfig& output : model.config->outputs) {
    const std::optional<Tensor>& held = flow.tensors.at(output.name);
    if (!held) continue;
    wire::OutputTensor tensor = held->tensor;
    tensor.name = output.name;
    tensor.shape = fitted(std::move(tensor.shape), *model.signature, model.signature->outputs, output.name);
    answer.response.outputs.push_back(std::move(tensor));
    std::ranges::copy(held->keep_alive, std::back_inserter(answer.keep_alive));
  }
  return answer;
}

void EnsembleRun::finish() {
  request_->close_execution();
  const RequestMoments& moments = request_->moments();
  const Nanos queue = moments.batch_closed - moments.enqueued;
  request_->set_times({queue, compute_}, request_->rows(), 0);
  const Nanos total = request_->age();
  StatisticsShard& statistics = *request_->model().refusals;
  if (request_->failed()) {
    statistics.failure(FailureReason::kOther, total);
  } else {
    const AnsweredRequest answered{request_->rows(), total, queue};
    statistics.execution({.rows = request_->rows(),
                          .compute = compute_,
                          .reason = std::nullopt,
                          .at_ms = unix_ms(),
                          .answered = {&answered, 1}});
  }
  request_->deliver();
  request_->end();
}

}  // namespace ridgeline::serve
