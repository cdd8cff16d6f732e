#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "train/learner_options.h"
#include "train/schedule.h"
#include "vision/augment.h"

namespace ridgeline::train {

/// What one run trains and how, but for the images; configs/train.yaml describes the keys.
struct TrainConfig {
  std::string model;
  int image_size = 224;
  int epochs = 1;
  int batch_size = 32;  ///< over all processes
  uint64_t seed = 1;
  LearnerOptions learner;
  Schedule schedule;
  double label_smoothing = 0;
  std::optional<vision::Augmentation> augmentation;
  int patience = 0;  ///< epochs without a better top-1 before training ends; 0: never
  std::vector<std::string> freeze;
  std::string weights;
  bool resume = false;
  std::string out;
  int64_t cache_mb = 0;  ///< memory for decoded images

  /// "resnet18_224": what this run's files are named by.
  std::string tag() const;
};

/// Reads a composed configuration. kInvalidArgument names the key that is missing or out of bounds, and what
/// it may be.
Result<TrainConfig> config_from_json(const Json& json);

}  // namespace ridgeline::train
