#pragma once

#include "train/loop.h"
#include "vision/folder.h"

namespace ridgeline::train {

/// One whole run on `data` as `config` says: the model and its first weights, the loaders, the loop.
/// Processes that torchrun started (RANK and WORLD_SIZE in the environment) train together, each on its part
/// of every batch.
Result<RunResult> run_training(TrainConfig config, const vision::DataFolder& data, TrainObserver& observer,
                               const CancelToken& cancel);

/// What torchrun's environment variables say: none without WORLD_SIZE. kInvalidArgument names the variable
/// that is missing or no number.
Result<std::optional<Rendezvous>> rendezvous_from_environment();

}  // namespace ridgeline::train
