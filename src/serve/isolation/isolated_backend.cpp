#include "serve/isolation/isolated_backend.h"

#include <algorithm>

#include "serve/backends/model_tensors.h"
#include "serve/config/backends.h"
#include "serve/config/tensor_rules.h"
#include "serve/isolation/start_message.h"
#include "serve/process/process_instance.h"

namespace ridgeline::serve {
namespace {

/// Every output as it is configured, for the request's rows: what clients and later steps of an ensemble rely
/// on must not depend on who computes it. The outputs' `reshape` is undone by then.
Status check_answer(const ModelConfig& config, const Job& job, const Answer& answer) {
  for (const wire::OutputTensor& output : answer.response.outputs) {
    const auto configured = std::ranges::find(config.outputs, output.name, &OutputConfig::name);
    if (configured == config.outputs.end())
      return invalid_argument("its output '{}' is not configured", output.name);
    const ValueInfo value{.name = output.name, .type = {output.datatype, output.shape}, .dim_names = {}};
    RETURN_IF_ERROR(check_output(config, *configured, value, job.rows()));
  }
  return {};
}

ModelConfig without_reshapes(ModelConfig config) {
  for (OutputConfig& output : config.outputs) output.reshape.reset();
  return config;
}

Launch launch_of(const IsolationOptions& options, const InstanceStart& start) {
  Launch launch{.command = options.command,
                .instance = start.place.name,
                .called = "Instance process",
                .lost = ErrorCode::kUnavailable,
                .start = to_json(start),
                .memory_bytes = options.most_memory_bytes,
                .start_timeout = options.start_timeout,
                .log = options.log};
  launch.command.push_back(start.place.name);
  return launch;
}

class IsolatedModel : public LoadedModel {
 public:
  IsolatedModel(ModelSource source, ModelConfig config, std::shared_ptr<const IsolationOptions> options)
      : source_(std::move(source)), config_(std::move(config)), options_(std::move(options)) {}

  const ModelConfig& config() const override { return config_; }

  Result<std::unique_ptr<Instance>> make_instance(const Place& place) override {
    Launch launch = launch_of(*options_, {.source = source_, .place = place});
    launch.check = [config = without_reshapes(config_)](const Job& job, const Answer& answer) {
      return check_answer(config, job, answer);
    };
    return ProcessInstance::create(std::move(launch), options_->end_timeout);
  }

 private:
  const ModelSource source_;
  const ModelConfig config_;  ///< completed
  const std::shared_ptr<const IsolationOptions> options_;
};

class IsolatedBackend : public Backend {
 public:
  IsolatedBackend(std::unique_ptr<const Backend> backend, IsolationOptions options)
      : backend_(std::move(backend)),
        options_(std::make_shared<const IsolationOptions>(std::move(options))) {}

  std::string_view name() const override { return backend_->name(); }
  bool compiles() const override { return backend_->compiles(); }

  Result<std::unique_ptr<LoadedModel>> load(const ModelSource& source) const override {
    ASSIGN_OR_RETURN(const Isolation isolation, isolation_asked(source.config));
    if (isolation == Isolation::kThread) return backend_->load(source);
    ASSIGN_OR_RETURN(ModelConfig config, completed(source));
    return std::unique_ptr<LoadedModel>(std::make_unique<IsolatedModel>(source, std::move(config), options_));
  }

 private:
  /// As a process that has loaded the model says: what a backend may fill in of it is taken.
  Result<ModelConfig> completed(const ModelSource& source) const {
    const InstanceStart start{.source = source, .place = {.name = source.config.name}, .complete = true};
    ASSIGN_OR_RETURN(const auto process, ModelProcess::spawn(launch_of(*options_, start)));
    ASSIGN_OR_RETURN(const std::string text, process->wait_started());
    ASSIGN_OR_RETURN(ModelConfig said, config_from_text(text));
    ModelConfig config = source.config;
    config.max_batch_size = std::max(0, said.max_batch_size);
    config.inputs = std::move(said.inputs);
    config.outputs = std::move(said.outputs);
    const Positions nowhere;
    Findings findings("what the process says of its model", nowhere);
    validate_tensors(config, findings);
    RETURN_IF_ERROR(first_error(std::move(findings).take()));
    return config;
  }

  const std::unique_ptr<const Backend> backend_;
  const std::shared_ptr<const IsolationOptions> options_;
};

}  // namespace

std::unique_ptr<const Backend> isolated_backend(std::unique_ptr<const Backend> backend,
                                                IsolationOptions options) {
  return std::make_unique<IsolatedBackend>(std::move(backend), std::move(options));
}

}  // namespace ridgeline::serve
