#include "fake_service.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>

#include "serve/config/defaults.h"
#include "serve/config/parse.h"
#include "wire/check.h"

namespace ridgeline::serve {
namespace {

constexpr const char* kServed[] = {"fail_exec",   "identity_b8", "identity_bytes", "identity_multi",
                                   "identity_py", "pipeline",    "preprocess",     "resnet_py"};

std::shared_ptr<const ModelConfig> recorded_config(const std::string& name) {
  ParsedConfig parsed =
      load_config(std::string(SERVE_TEST_DATA) + "/recorded/models/" + name + "/config.pbtxt");
  EXPECT_TRUE(parsed.config) << name;
  complete_names(*parsed.config, name, {"model.py"});
  apply_defaults(*parsed.config);
  return std::make_shared<const ModelConfig>(*std::move(parsed.config));
}

wire::TensorSignature signature_of(const TensorConfig& tensor) {
  return {.name = tensor.name, .datatype = *tensor.datatype, .dims = Shape(tensor.dims)};
}

ServedModel served_model(const std::string& name) {
  ServedModel model{.name = name, .version = "1", .versions = {"1"}, .config = recorded_config(name)};
  wire::ModelSignature signature{.name = name, .max_batch_size = model.config->max_batch_size};
  for (const InputConfig& input : model.config->inputs) {
    signature.inputs.push_back(signature_of(input));
    signature.inputs.back().optional = input.optional;
  }
  for (const OutputConfig& output : model.config->outputs) signature.outputs.push_back(signature_of(output));
  model.signature = std::make_shared<const wire::ModelSignature>(std::move(signature));
  return model;
}

/// The recorded model: its input says how it fails.
void fail_as_told(const Call& call) {
  float told = 0;
  const auto data = call.request.inputs.at(0).data;
  std::memcpy(&told, data.data(), std::min(sizeof told, data.size()));
  if (told == 0) {
    echo(call);
    return;
  }
  call.client->answer(told == 5 ? unavailable("busy") : internal_error("plain error"));
  call.client->end();
}

class FakeModel final : public ReadyModel {
 public:
  FakeModel(ServedModel model, FakeService::Run run, bool decoupled)
      : model_(std::move(model)), run_(std::move(run)), decoupled_(decoupled) {}

  void infer(Call call) override {
    const Status checked = wire::check_against(*model_.signature, call.request);
    if (checked.ok()) {
      run_(std::move(call));
      return;
    }
    call.client->answer(checked);
    call.client->end();
  }
  const std::string& version() const override { return model_.version; }
  const wire::ModelSignature& signature() const override { return *model_.signature; }
  bool decoupled() const override { return decoupled_; }

 private:
  ServedModel model_;
  FakeService::Run run_;
  bool decoupled_;
};

}  // namespace

void echo_once(const Call& call) {
  Answer answer;
  answer.response = {.model_name = call.request.model, .model_version = "1", .id = call.request.id};
  for (const wire::InputTensor& input : call.request.inputs) {
    const size_t prefix = input.name.find_first_of("_0");
    answer.response.outputs.push_back(
        {"OUT" + (input.name[prefix] == '_' ? input.name.substr(prefix) : "PUT0"), input.datatype,
         input.shape, input.data});
  }
  answer.keep_alive = call.request.keep_alive;
  call.client->answer(std::move(answer));
}

void echo(const Call& call) {
  echo_once(call);
  call.client->end();
}

FakeService::FakeService(bool client_shared_memory) : memory_(client_shared_memory) {
  for (const char* name : kServed) {
    models_.emplace(name, served_model(name));
    runs_.emplace(name, echo);
  }
  runs_["fail_exec"] = fail_as_told;
}

std::vector<std::string> FakeService::control_calls() const {
  const std::scoped_lock lock(mutex_);
  return control_calls_;
}

bool FakeService::model_ready(const std::string& name, const std::string& version) const {
  return model(name, version).ok();
}

Result<std::shared_ptr<ReadyModel>> FakeService::find(const std::string& name,
                                                      const std::string& version) const {
  ASSIGN_OR_RETURN(ServedModel served, model(name, version));
  return std::shared_ptr<ReadyModel>(
      std::make_shared<FakeModel>(std::move(served), runs_.at(name), decoupled_.contains(name)));
}

Result<ServedModel> FakeService::model(const std::string& name, const std::string& version) const {
  const auto found = models_.find(name);
  if (found == models_.end()) return not_found("Request for unknown model: '{}' is not found", name);
  if (!version.empty() && version != found->second.version)
    return not_found("Request for unknown model: '{}' version {} is not found", name, version);
  return found->second;
}

std::vector<wire::http::IndexEntry> FakeService::ready_versions() const {
  std::vector<wire::http::IndexEntry> entries;
  for (const auto& [name, served] : models_) entries.push_back({name, served.version, "READY", ""});
  return entries;
}

void FakeService::index(Listed listed) {
  std::vector<wire::http::IndexEntry> entries = ready_versions();
  for (const char* name : {"fail_load", "slow_load"}) entries.push_back({name, "", "", ""});
  std::ranges::sort(entries, {}, &wire::http::IndexEntry::name);
  listed(std::move(entries));
}

void FakeService::load(const std::string& name, wire::http::LoadRequest /*request*/, Done done) {
  {
    const std::scoped_lock lock(mutex_);
    control_calls_.push_back("load " + name);
  }
  done(models_.contains(name)
           ? Status()
           : internal_error("failed to load '{}', failed to poll from model repository", name));
}

void FakeService::unload(const std::string& name, bool with_dependents, Done done) {
  {
    const std::scoped_lock lock(mutex_);
    control_calls_.push_back("unload " + name + (with_dependents ? " with dependents" : ""));
  }
  done({});
}

Result<std::vector<ModelReport>> FakeService::statistics(const std::string& name,
                                                         const std::string& version) const {
  std::vector<ModelReport> reports;
  for (const auto& [known, served] : models_)
    if (name.empty() || (name == known && (version.empty() || version == served.version)))
      reports.push_back({.name = known, .version = served.version});
  if (!reports.empty()) return reports;
  if (!models_.contains(name)) return invalid_argument("requested model '{}' is not available", name);
  return invalid_argument("requested model version is not available for model '{}'", name);
}

Result<wire::http::TraceSettings> FakeService::trace_settings(const std::string& model) const {
  if (!model.empty() && !models_.contains(model))
    return not_found("Request for unknown model: '{}' is not found", model);
  const std::scoped_lock lock(mutex_);
  return trace_;
}

Result<wire::http::TraceSettings> FakeService::change_trace_settings(const std::string& /*model*/,
                                                                     const TraceChange& change) {
  const std::scoped_lock lock(mutex_);
  RETURN_IF_ERROR(change({}, trace_));
  return trace_;
}

Result<wire::http::LogSettings> FakeService::change_log_settings(const LogChange& change) {
  const std::scoped_lock lock(mutex_);
  RETURN_IF_ERROR(change(log_));
  return log_;
}

}  // namespace ridgeline::serve
