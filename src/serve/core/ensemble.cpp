#include "serve/core/ensemble.h"

#include "serve/core/ensemble_run.h"

namespace ridgeline::serve {

void EnsembleModel::put(std::shared_ptr<Request> request) {
  std::vector<std::shared_ptr<ServedVersion>> versions;
  for (const EnsembleStep& step : std::get<Ensemble>(request->model().config->scheduling).steps) {
    auto version = models_->find(step.model, step.version > 0 ? std::to_string(step.version) : "");
    if (!version.ok())
      return request->refuse(
          std::move(version).status().with_context("in ensemble '" + request->model().name + "'"),
          FailureReason::kOther);
    versions.push_back(std::move(version).value());
  }
  std::make_shared<EnsembleRun>(std::move(request), std::move(versions))->begin();
}

}  // namespace ridgeline::serve
