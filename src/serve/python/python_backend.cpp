#include "serve/python/python_backend.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "serve/config/defaults.h"
#include "serve/config/json.h"
#include "serve/process/process_instance.h"
#include "serve/python/auto_complete.h"
#include "serve/python/interpreter.h"
#include "serve/python/stub.h"
#include "wire/datatype.h"

namespace ridgeline::serve {
namespace {

struct Shared {
  explicit Shared(PythonOptions given) : options(std::move(given)), interpreters(options.interpreter) {}

  const PythonOptions options;
  Interpreters interpreters;
};

std::string_view triton_kind(InstanceKind kind) {
  switch (kind) {
    case InstanceKind::kGpu:
      return "GPU";
    case InstanceKind::kModel:
      return "MODEL";
    case InstanceKind::kAuto:
    case InstanceKind::kCpu:
      break;
  }
  return "CPU";
}

Json datatype_names() {
  Json names = Json::array();
  for (uint8_t number = 0; number <= static_cast<uint8_t>(DType::kString); ++number)
    names.push_back(wire::datatype_name(static_cast<DType>(number)));
  return names;
}

std::string model_file(const ModelSource& source) {
  const std::string& name = source.config.default_model_filename;
  return source.version_path + "/" + (name.empty() ? "model.py" : name);
}

/// What initialize() is given: Triton's keys, all values text.
Json arguments_of(const ModelSource& source, const Place& place) {
  return {{"model_config", config_json(source.config).dump(-1, ' ', false, Json::error_handler_t::replace)},
          {"model_instance_kind", triton_kind(place.kind)},
          {"model_instance_name", place.name},
          {"model_instance_device_id", std::to_string(place.device)},
          {"model_repository", source.model_path},
          {"model_version", std::to_string(source.version)},
          {"model_name", source.config.name}};
}

/// Numeric libraries' threads, unless whoever started the server has said how many.
std::vector<std::pair<std::string, std::string>> thread_limits(int threads) {
  std::vector<std::pair<std::string, std::string>> environment;
  for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
                           "NUMEXPR_NUM_THREADS"})
    if (std::getenv(name) == nullptr) environment.emplace_back(name, std::to_string(std::max(1, threads)));
  return environment;
}

Launch launch_of(const ModelSource& source, const std::string& interpreter, const Place& place,
                 const PythonOptions& options) {
  Launch launch{.command = {interpreter, "-c", std::string(stub_boot()), place.name},
                .environment = thread_limits(place.threads),
                .file = stub_file,
                .instance = place.name,
                .called = "Stub process",
                .config = source.config,
                .memory_bytes = options.most_memory_bytes,
                .start_timeout = options.start_timeout,
                .host = source.host,
                .metrics = options.metrics,
                .log = options.log};
  Json outputs = Json::array();
  for (const OutputConfig& output : source.config.outputs) outputs.push_back(output.name);
  launch.start = {{"instance", place.name},
                  {"model_file", model_file(source)},
                  {"version", std::to_string(source.version)},
                  {"arguments", arguments_of(source, place)},
                  {"decoupled", launch.decoupled()},
                  {"output_names", outputs},
                  {"datatypes", datatype_names()},
                  {"memory_bytes", options.most_memory_bytes},
                  {"complete", false}};
  return launch;
}

/// Asks the model's auto_complete_config().
Status complete(ModelSource& source, const std::string& interpreter, const PythonOptions& options) {
  Launch launch = launch_of(source, interpreter, {.name = source.config.name}, options);
  launch.start["complete"] = true;
  launch.host = nullptr;  // the model is not there yet
  ASSIGN_OR_RETURN(const std::unique_ptr<ModelProcess> process, ModelProcess::spawn(std::move(launch)));
  ASSIGN_OR_RETURN(const std::string completed, process->wait_started());
  RETURN_IF_ERROR(apply_completed(completed, source.config));
  apply_defaults(source.config);
  return {};
}

class PythonModel : public LoadedModel {
 public:
  PythonModel(ModelSource source, std::string interpreter, std::shared_ptr<const Shared> shared)
      : source_(std::move(source)), interpreter_(std::move(interpreter)), shared_(std::move(shared)) {}

  const ModelConfig& config() const override { return source_.config; }

  Result<std::unique_ptr<Instance>> make_instance(const Place& place) override {
    return ProcessInstance::create(launch_of(source_, interpreter_, place, shared_->options),
                                   shared_->options.finalize_timeout);
  }

 private:
  const ModelSource source_;
  const std::string interpreter_;
  const std::shared_ptr<const Shared> shared_;
};

class PythonBackend : public Backend {
 public:
  explicit PythonBackend(PythonOptions options) : shared_(std::make_shared<Shared>(std::move(options))) {}

  std::string_view name() const override { return "python"; }

  Result<std::unique_ptr<LoadedModel>> load(const ModelSource& source) const override {
    ASSIGN_OR_RETURN(const std::string code, read_file(model_file(source)));
    ASSIGN_OR_RETURN(std::string interpreter, shared_->interpreters.of(source));
    ModelSource completed = source;
    if (shared_->options.auto_complete && may_auto_complete(source.version_path, code))
      RETURN_IF_ERROR(complete(completed, interpreter, shared_->options));
    return std::unique_ptr<LoadedModel>(
        std::make_unique<PythonModel>(std::move(completed), std::move(interpreter), shared_));
  }

 private:
  const std::shared_ptr<Shared> shared_;
};

}  // namespace

std::unique_ptr<const Backend> python_backend(PythonOptions options) {
  return std::make_unique<PythonBackend>(std::move(options));
}

}  // namespace ridgeline::serve
