#pragma once

#include <memory>

#include "serve/core/models.h"
#include "serve/core/served_model.h"

namespace ridgeline::serve {

/// A model made of others: each request runs its steps as soon as their tensors are there, on the versions
/// that are ready when it comes. Holds no thread; its requests are driven by the steps' answers.
class EnsembleModel final : public ServedVersion {
 public:
  /// `models` outlives this. The facts are set by the caller.
  explicit EnsembleModel(const Models& models) : models_(&models) {}

  void put(std::shared_ptr<Request> request) override;
  void drain() override {}
  void stop() override {}

 private:
  const Models* models_;
};

}  // namespace ridgeline::serve
