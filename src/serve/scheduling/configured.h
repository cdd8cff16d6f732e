#pragma once

#include "serve/config/model_config.h"
#include "serve/scheduling/batch_policy.h"
#include "serve/scheduling/sequence.h"

namespace ridgeline::serve {

/// How a model's configuration, checked, says that its requests are batched, whichever scheduler does it.
/// Without dynamic_batching or sequence_batching every request runs alone.
BatchPolicy batch_policy_of(const ModelConfig& config);

/// The same for a model with sequence_batching, on `instances` instances in all.
SequencePolicy sequence_policy_of(const ModelConfig& config, const SequenceBatching& sequences,
                                  size_t instances);

}  // namespace ridgeline::serve
