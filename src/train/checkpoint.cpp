#include "train/checkpoint.h"

#include <algorithm>

namespace ridgeline::train {
namespace {

constexpr const char* kStateKey = "ridgeline.training";

Json to_json(const RunState& state) {
  Json epochs = Json::array();
  for (const EpochRow& row : state.epochs) epochs.push_back(train::to_json(row));
  return {{"identity", state.identity},
          {"epoch", state.next.epoch},
          {"batch", state.next.batch},
          {"sums", {state.sums.loss, state.sums.correct, state.sums.images, state.sums.seconds}},
          {"best_epoch", state.best_epoch},
          {"epochs", epochs}};
}

Result<RunState> state_from_json(const Json& json, const std::string& path) try {
  RunState state;
  state.identity = json.at("identity");
  state.next = {.epoch = json.at("epoch"), .batch = json.at("batch")};
  const Json& sums = json.at("sums");
  state.sums = {.loss = sums.at(0), .correct = sums.at(1), .images = sums.at(2), .seconds = sums.at(3)};
  state.best_epoch = json.at("best_epoch");
  for (const Json& row : json.at("epochs")) {
    ASSIGN_OR_RETURN(state.epochs.emplace_back(), epoch_row_from_json(row, path));
  }
  if (state.best_epoch < 0 || state.best_epoch > static_cast<int64_t>(state.epochs.size()))
    return invalid_argument("{}: its best epoch {} has no row", path, state.best_epoch);
  return state;
} catch (const nlohmann::json::exception& error) {
  return invalid_argument("{}: metadata {}: {}", path, kStateKey, error.what());
}

Status check_identity(const Json& theirs, const Json& ours, const std::string& path) {
  for (const auto& [key, value] : ours.items()) {
    const Json other = theirs.contains(key) ? theirs[key] : Json();
    if (other != value)
      return invalid_argument("{}: it is of a run with {} {}, this one has {}; train without resume", path,
                              key, other.dump(), value.dump());
  }
  return {};
}

bool is_weight(const std::string& name) {
  return !name.starts_with(kEmaPrefix) && !name.starts_with(kOptimizerPrefix);
}

}  // namespace

Status save_run(const std::string& path, Learner& learner, const RunState& state) {
  formats::StateDict file;
  for (const std::string& name : learner.state_names()) {
    ASSIGN_OR_RETURN(Tensor value, learner.state(name));
    file.tensors.emplace_back(name, std::move(value));
  }
  file.metadata[kStateKey] = to_json(state).dump();
  return formats::save_safetensors(file, path);
}

Result<RunState> load_run(const std::string& path, Learner& learner, const Json& identity) {
  ASSIGN_OR_RETURN(const formats::StateDict file, formats::load_state_dict(path));
  const auto text = file.metadata.find(kStateKey);
  if (text == file.metadata.end())
    return invalid_argument("{}: it holds weights and no state of a training run", path);
  ASSIGN_OR_RETURN(const Json json, parse_json(text->second, path));
  ASSIGN_OR_RETURN(RunState state, state_from_json(json, path));
  RETURN_IF_ERROR(check_identity(state.identity, identity, path));
  for (const std::string& name : learner.state_names()) {
    const Tensor* value = file.find(name);
    if (value == nullptr)
      return invalid_argument("{}: it lacks '{}', which this run keeps: train without resume", path, name);
    RETURN_IF_ERROR(learner.set_state(name, *value).with_context(path));
  }
  return state;
}

Result<formats::StateDict> weights_of(Learner& learner, bool averaged) {
  formats::StateDict weights;
  const auto& names = learner.state_names();
  for (const std::string& name : names) {
    if (!is_weight(name)) continue;
    const std::string average = std::string(kEmaPrefix) + name;
    const bool has_average = averaged && std::find(names.begin(), names.end(), average) != names.end();
    ASSIGN_OR_RETURN(Tensor value, learner.state(has_average ? average : name));
    weights.tensors.emplace_back(name, std::move(value));
  }
  return weights;
}

}  // namespace ridgeline::train
