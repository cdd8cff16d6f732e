#include "test_backend.h"

#include <cstring>
#include <thread>

#include "base/file.h"

namespace ridgeline::serve {
namespace {

constexpr std::chrono::milliseconds kSlow{5};

class TestInstance final : public Instance {
 public:
  TestInstance(const ModelConfig& config, std::shared_ptr<BackendProbe> probe)
      : config_(config), probe_(std::move(probe)) {
    ++probe_->instances;
  }
  ~TestInstance() override { --probe_->instances; }

  ComputeTimes execute(std::span<const std::shared_ptr<Job>> batch) override {
    note(batch);
    const std::string what = parameter("do", "identity");
    if (what == "slow") std::this_thread::sleep_for(kSlow);
    if (what == "gate") await_gate();
    if (what == "throw") throw std::runtime_error("the model's own exception");
    for (const auto& job : batch) run(what, job);
    --probe_->executing;
    ++probe_->executed;
    return {.input = Nanos(1000), .infer = Nanos(2000), .output = Nanos(3000)};
  }
  bool immediate() const override { return parameter("do", "") == "immediate"; }

 private:
  std::string parameter(const std::string& key, const std::string& otherwise) const {
    const auto found = config_.parameters.find(key);
    return found == config_.parameters.end() ? otherwise : found->second;
  }

  void note(std::span<const std::shared_ptr<Job>> batch) {
    int64_t rows = 0;
    for (const auto& job : batch) rows += job->rows();
    {
      const std::lock_guard lock(probe_->mutex);
      probe_->batch_rows.push_back(rows);
      ++probe_->executing;
    }
    probe_->changed.notify_all();
  }

  void await_gate() {
    std::unique_lock lock(probe_->mutex);
    probe_->changed.wait(lock, [this] { return probe_->gate_open; });
  }

  void run(const std::string& what, const std::shared_ptr<Job>& job) {
    if (what == "fail") return job->answer(unavailable("busy"));
    if (what == "silent") return;
    if (what == "show_inputs") return job->answer(all_inputs(*job));
    if (what == "accumulate") return job->answer(sum_with_state(*job));
    if (what != "repeat") return job->answer(identity(*job));
    float count = 0;
    std::memcpy(&count, job->request().inputs.front().data.data(), sizeof(count));
    std::thread([job, count, answer = identity(*job)] {
      for (int i = 0; i < static_cast<int>(count); ++i) job->answer(answer);
      job->end();
    }).detach();
  }

  /// Copies, as a model's own memory would be.
  Answer identity(const Job& job) const {
    Answer answer;
    const auto addend = static_cast<float>(std::atof(parameter("addend", "0").c_str()));
    for (size_t i = 0; i < config_.outputs.size(); ++i) {
      if (i >= job.request().inputs.size()) break;
      const wire::InputTensor& input = job.request().inputs[i];
      auto bytes = std::make_shared<std::vector<std::byte>>(input.data.begin(), input.data.end());
      for (size_t at = 0; addend != 0 && at + sizeof(float) <= bytes->size(); at += sizeof(float)) {
        float value = 0;
        std::memcpy(&value, bytes->data() + at, sizeof(value));
        value += addend;
        std::memcpy(bytes->data() + at, &value, sizeof(value));
      }
      answer.response.outputs.push_back({config_.outputs[i].name, input.datatype, input.shape, *bytes});
      answer.keep_alive.push_back(std::move(bytes));
    }
    return answer;
  }

  static Answer floats_answer(const std::string& name, const std::vector<float>& values) {
    auto bytes = std::make_shared<std::vector<std::byte>>(values.size() * sizeof(float));
    std::memcpy(bytes->data(), values.data(), bytes->size());
    Answer answer;
    answer.response.outputs.push_back({name, DType::kF32, Shape{1, std::ssize(values)}, *bytes});
    answer.keep_alive.push_back(std::move(bytes));
    return answer;
  }

  static float first_of(const wire::InputTensor& input) {
    if (input.datatype == DType::kU64) {
      uint64_t number = 0;
      std::memcpy(&number, input.data.data(), sizeof(number));
      return static_cast<float>(number);
    }
    float value = 0;
    std::memcpy(&value, input.data.data(), sizeof(value));
    return value;
  }

  /// The first element of each input, control inputs too.
  static Answer all_inputs(const Job& job) {
    std::vector<float> values;
    for (const wire::InputTensor& input : job.request().inputs) values.push_back(first_of(input));
    return floats_answer("OUT", values);
  }

  /// OUT and SUM_OUT are IN plus SUM_IN.
  static Answer sum_with_state(const Job& job) {
    float sum = 0;
    for (const wire::InputTensor& input : job.request().inputs) sum += first_of(input);
    Answer answer = floats_answer("OUT", {sum});
    Answer state = floats_answer("SUM_OUT", {sum});
    answer.response.outputs.push_back(state.response.outputs[0]);
    answer.keep_alive.push_back(state.keep_alive[0]);
    return answer;
  }

  ModelConfig config_;
  std::shared_ptr<BackendProbe> probe_;
};

class TestModel final : public LoadedModel {
 public:
  TestModel(ModelConfig config, std::shared_ptr<BackendProbe> probe)
      : config_(std::move(config)), probe_(std::move(probe)) {
    ++probe_->loaded;
  }
  ~TestModel() override { --probe_->loaded; }
  const ModelConfig& config() const override { return config_; }
  Result<std::unique_ptr<Instance>> make_instance(const Place&) override {
    return std::unique_ptr<Instance>(std::make_unique<TestInstance>(config_, probe_));
  }

 private:
  ModelConfig config_;
  std::shared_ptr<BackendProbe> probe_;
};

class TestBackend final : public Backend {
 public:
  explicit TestBackend(std::shared_ptr<BackendProbe> probe) : probe_(std::move(probe)) {}
  std::string_view name() const override { return "python"; }
  Result<std::unique_ptr<LoadedModel>> load(const ModelSource& source) const override {
    const auto what = source.config.parameters.find("do");
    const Result<std::string> file = read_file(source.version_path + "/model.py");
    if ((what != source.config.parameters.end() && what->second == "fail_load") ||
        (file.ok() && *file == "fail_load"))
      return internal_error("RuntimeError: cannot initialise\n");
    return std::unique_ptr<LoadedModel>(std::make_unique<TestModel>(source.config, probe_));
  }

 private:
  std::shared_ptr<BackendProbe> probe_;
};

}  // namespace

void BackendProbe::shut() {
  const std::lock_guard lock(mutex);
  gate_open = false;
}

void BackendProbe::open() {
  {
    const std::lock_guard lock(mutex);
    gate_open = true;
  }
  changed.notify_all();
}

void BackendProbe::await_executing(int count) {
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return executing >= count; });
}

Backends test_backends(const std::shared_ptr<BackendProbe>& probe) {
  Backends backends;
  backends.emplace("python", std::make_unique<TestBackend>(probe));
  return backends;
}

}  // namespace ridgeline::serve
