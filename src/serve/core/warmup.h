#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "serve/config/model_config.h"
#include "serve/core/backend.h"

namespace ridgeline::serve {

/// The requests of model_warmup, ready to run.
struct WarmupRequest {
  std::string name;
  wire::InferRequest request;
  int64_t rows = 1;
  uint32_t count = 1;
};

/// `model_path`: where files of data lie. Errors name the warm-up and the input.
Result<std::vector<WarmupRequest>> warmup_requests(const ModelConfig& config, const std::string& model_path);

/// Runs them before the instance serves anybody; an error of the model is one of its loading.
Status warm_up(Instance& instance, std::span<const WarmupRequest> requests);

}  // namespace ridgeline::serve
