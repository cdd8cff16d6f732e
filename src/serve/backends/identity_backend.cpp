#include "serve/backends/backends.h"

namespace ridgeline::serve {
namespace {

class IdentityInstance : public Instance {
 public:
  explicit IdentityInstance(std::shared_ptr<const ModelConfig> config) : config_(std::move(config)) {}

  ComputeTimes execute(std::span<const std::shared_ptr<Job>> batch) override {
    const TimePoint begin = std::chrono::steady_clock::now();
    for (const auto& job : batch) job->answer(answer_to(job->request()));
    return {.input = {}, .infer = std::chrono::steady_clock::now() - begin, .output = {}};
  }
  bool immediate() const override { return true; }

 private:
  /// The bytes are the request's own.
  Answer answer_to(const wire::InferRequest& request) const {
    Answer answer;
    for (size_t i = 0; i < config_->inputs.size(); ++i)
      for (const wire::InputTensor& input : request.inputs)
        if (input.name == config_->inputs[i].name)
          answer.response.outputs.push_back(
              {config_->outputs[i].name, input.datatype, input.shape, input.data});
    answer.keep_alive = request.keep_alive;
    return answer;
  }

  std::shared_ptr<const ModelConfig> config_;
};

class LoadedIdentityModel : public LoadedModel {
 public:
  explicit LoadedIdentityModel(ModelConfig config)
      : config_(std::make_shared<const ModelConfig>(std::move(config))) {}
  const ModelConfig& config() const override { return *config_; }
  Result<std::unique_ptr<Instance>> make_instance(const Place&) override {
    return std::unique_ptr<Instance>(std::make_unique<IdentityInstance>(config_));
  }

 private:
  std::shared_ptr<const ModelConfig> config_;
};

class IdentityBackend : public Backend {
 public:
  std::string_view name() const override { return "identity"; }
  Result<std::unique_ptr<LoadedModel>> load(const ModelSource& source) const override {
    const ModelConfig& config = source.config;
    if (config.inputs.size() != config.outputs.size())
      return invalid_argument(
          "model '{}': backend 'identity' gives each input back as an output, in their "
          "order: there are {} inputs and {} outputs",
          config.name, config.inputs.size(), config.outputs.size());
    for (size_t i = 0; i < config.inputs.size(); ++i)
      if (config.inputs[i].datatype != config.outputs[i].datatype ||
          config.inputs[i].dims != config.outputs[i].dims)
        return invalid_argument(
            "model '{}': backend 'identity' gives input '{}' back as '{}': give both the "
            "same data_type and dims",
            config.name, config.inputs[i].name, config.outputs[i].name);
    return std::unique_ptr<LoadedModel>(std::make_unique<LoadedIdentityModel>(config));
  }
};

}  // namespace

std::unique_ptr<const Backend> identity_backend() { return std::make_unique<IdentityBackend>(); }

}  // namespace ridgeline::serve
