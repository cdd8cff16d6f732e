#include "serve/repository/repository.h"

#include <algorithm>
#include <map>

#include "base/file.h"
#include "base/spelling.h"
#include "serve/config/ensemble_check.h"
#include "serve/repository/folder.h"

namespace ridgeline::serve {
namespace {

Status check_root(const std::string& root) {
  if (is_folder(root)) return {};
  if (is_file(root)) return invalid_argument("{}: is a file: a model repository is a folder of models", root);
  return not_found("{}: no such folder", root);
}

/// Checks each ensemble after those that it builds on.
class EnsembleWalk {
 public:
  explicit EnsembleWalk(std::vector<ModelFolder>& models) {
    for (ModelFolder& model : models) models_.emplace(model.name, &model);
  }

  void run() {
    for (auto& [name, model] : models_) visit(*model);
  }

 private:
  enum class State { kNew, kEntered, kDone };

  void visit(ModelFolder& model) {
    State& state = states_[model.name];
    if (state != State::kNew) return;
    state = State::kEntered;
    if (model.config && model.config->is_ensemble()) check(model);
    states_[model.name] = State::kDone;
  }

  void check(ModelFolder& ensemble) {
    Findings findings(ensemble.config_file, ensemble.positions);
    const auto& steps = std::get<Ensemble>(ensemble.config->scheduling).steps;
    bool decoupled = false;
    for (size_t i = 0; i < steps.size(); ++i) {
      const std::string path = fmt::format("ensemble_scheduling.step[{}].model_name", i);
      ModelFolder* const step = find_step(ensemble, steps[i], path, findings);
      decoupled |= step != nullptr && step->config->decoupled.value_or(false);
    }
    ensemble.config->decoupled = decoupled;
    const ConfigLookup lookup = [this](std::string_view name) -> const ModelConfig* {
      const auto found = models_.find(name);
      return found == models_.end() || !found->second->config ? nullptr : &*found->second->config;
    };
    check_ensemble(*ensemble.config, lookup, findings);
    std::ranges::move(std::move(findings).take(), std::back_inserter(ensemble.findings));
  }

  /// The step's model, if it can be served.
  ModelFolder* find_step(const ModelFolder& ensemble, const EnsembleStep& step, const std::string& path,
                         Findings& findings) {
    if (step.model.empty()) return nullptr;  // said by check_ensemble
    const auto found = models_.find(step.model);
    if (found == models_.end()) {
      findings.error(path, fmt::format("ensemble '{}' depends on '{}', which is not in the repository{}",
                                       ensemble.name, step.model, meant_by(step.model)));
      return nullptr;
    }
    ModelFolder& model = *found->second;
    visit(model);
    if (states_[model.name] == State::kEntered) {
      findings.error(path, fmt::format("circular dependency between ensembles: '{}' builds on '{}'",
                                       ensemble.name, model.name));
    } else if (!model.servable()) {
      findings.error(path, fmt::format("ensemble '{}' depends on '{}', which cannot be served: see there",
                                       ensemble.name, model.name));
    } else if (step.version > 0 && !std::ranges::binary_search(model.served, step.version)) {
      findings.error(path,
                     fmt::format("ensemble '{}' depends on '{}' whose required version {} is not served",
                                 ensemble.name, model.name, step.version));
    } else {
      return &model;
    }
    return nullptr;
  }

  std::string meant_by(std::string_view name) const {
    std::vector<std::string_view> names;
    for (const auto& [known, model] : models_) names.push_back(known);
    const std::string_view near = nearest_name(name, names);
    return near.empty() ? "" : fmt::format(": did you mean '{}'?", near);
  }

  std::map<std::string, ModelFolder*, std::less<>> models_;
  std::map<std::string, State> states_;
};

}  // namespace

const ModelFolder* Repository::model(std::string_view name) const {
  const auto found = std::ranges::find(models, name, &ModelFolder::name);
  return found == models.end() ? nullptr : &*found;
}

void join_models(std::vector<ModelFolder>& models) {
  std::ranges::stable_sort(models, {}, &ModelFolder::name);
  for (size_t i = 0; i < models.size(); ++i)
    for (size_t j = 0; j < models.size() && models[j].name <= models[i].name; ++j)
      if (i != j && models[i].name == models[j].name)
        models[i].findings.push_back({Severity::kError,
                                      models[i].path,
                                      {},
                                      fmt::format("model '{}' is not unique across all model repositories: "
                                                  "it is in {} too",
                                                  models[i].name, models[j].path),
                                      "",
                                      ""});
  EnsembleWalk(models).run();
}

Result<Repository> read_repository(std::span<const std::string> roots) {
  Repository repository{.roots = {roots.begin(), roots.end()}, .models = {}};
  for (const std::string& root : roots) RETURN_IF_ERROR(check_root(root));
  for (const std::string& root : roots)
    for (const std::string& name : folders_in(root))
      repository.models.push_back(read_model_folder(fmt::format("{}/{}", root, name)));
  join_models(repository.models);
  return repository;
}

std::vector<Finding> findings_of(const Repository& repository) {
  std::vector<Finding> findings;
  for (const ModelFolder& model : repository.models)
    std::ranges::copy(model.findings, std::back_inserter(findings));
  return findings;
}

}  // namespace ridgeline::serve
