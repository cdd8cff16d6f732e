#include "stand_in_backend.h"

#include <cstring>

namespace ridgeline::serve {
namespace {

using wire::InputTensor;

float first_value(const Job& job) {
  float value = 0;
  const std::span<const std::byte> data = job.request().inputs.front().data;
  if (data.size() >= sizeof value) std::memcpy(&value, data.data(), sizeof value);
  return value;
}

const InputTensor* input_for(const wire::InferRequest& request, const std::string& output) {
  std::string name = output;
  if (const size_t at = name.find("OUTPUT"); at == 0) name.replace(0, 6, "INPUT");
  if (const size_t at = name.find("OUT_"); at == 0) name.replace(0, 4, "IN_");
  for (const InputTensor& input : request.inputs)
    if (input.name == name) return &input;
  return nullptr;
}

class Echo final : public Instance {
 public:
  explicit Echo(const ModelConfig& config) : config_(config) {}

  ComputeTimes execute(std::span<const std::shared_ptr<Job>> batch) override {
    for (const auto& job : batch) run(*job);
    return {};
  }

 private:
  void run(Job& job) const {
    if (config_.name == "fail_exec" && first_value(job) == 2)
      return job.answer(internal_error("plain error"));
    if (config_.name == "fail_exec" && first_value(job) == 5) return job.answer(unavailable("busy"));
    if (!config_.decoupled.value_or(false)) return job.answer(answer_to(job));
    for (int i = 0; i < static_cast<int>(first_value(job)); ++i) job.answer(answer_to(job));
    job.end();
  }

  Answer answer_to(const Job& job) const {
    Answer answer;
    const wire::InferRequest& request = job.request();
    answer.response.id = request.id;
    answer.keep_alive = request.keep_alive;
    for (const OutputConfig& output : config_.outputs) {
      const InputTensor* input = input_for(request, output.name);
      if (input == nullptr && config_.outputs.size() > 1) continue;
      answer.response.outputs.push_back(
          input != nullptr ? wire::OutputTensor{output.name, input->datatype, input->shape, input->data}
                           : zeros(output, job.rows(), answer));
    }
    return answer;
  }

  wire::OutputTensor zeros(const OutputConfig& output, int64_t rows, Answer& answer) const {
    std::vector<int64_t> dims = output.dims;
    if (config_.max_batch_size > 0) dims.insert(dims.begin(), rows);
    const Shape shape(dims);
    auto bytes = std::make_shared<std::vector<std::byte>>(shape.element_count() * sizeof(float));
    answer.keep_alive.push_back(bytes);
    return {output.name, DType::kF32, shape, *bytes};
  }

  const ModelConfig config_;
};

class EchoModel final : public LoadedModel {
 public:
  explicit EchoModel(ModelConfig config) : config_(std::move(config)) {}
  const ModelConfig& config() const override { return config_; }
  Result<std::unique_ptr<Instance>> make_instance(const Place&) override {
    return std::unique_ptr<Instance>(std::make_unique<Echo>(config_));
  }

 private:
  ModelConfig config_;
};

}  // namespace

void SlowLoad::wait_until_begun() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return has_begun_; });
}

void SlowLoad::let_on() {
  const std::scoped_lock lock(mutex_);
  may_go_on_ = true;
  changed_.notify_all();
}

void SlowLoad::pass() {
  std::unique_lock lock(mutex_);
  has_begun_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return may_go_on_; });
}

Result<std::unique_ptr<LoadedModel>> StandInBackend::load(const ModelSource& source) const {
  if (source.config.name == "slow_load") slow_load_->pass();
  if (source.config.name == "fail_load")
    return internal_error(
        "RuntimeError: cannot initialise\n\nAt:\n  models/fail_load/1/model.py(3): initialize\n");
  return std::unique_ptr<LoadedModel>(std::make_unique<EchoModel>(source.config));
}

}  // namespace ridgeline::serve
