#pragma once

#include <optional>
#include <string>
#include <vector>

#include "formats/state_dict.h"
#include "train/learner.h"
#include "train/results.h"
#include "vision/loader.h"

namespace ridgeline::train {

/// Sums over the images of an epoch under way.
struct EpochSums {
  double loss = 0;
  double correct = 0;
  double images = 0;
  double seconds = 0;
};

/// Where a run stands between two steps. With the learner's state it is all that the rest of the run depends
/// on.
struct RunState {
  vision::LoaderPosition next;  ///< the batch that comes next
  EpochSums sums;
  std::vector<EpochRow> epochs;
  int64_t best_epoch = 0;
  /// What a run must have in common with the one that goes on from it: model, image size, seed …
  Json identity = Json::object();
};

/// Writes one file with all of it, atomically: a reader sees the old state or the whole new one.
Status save_run(const std::string& path, Learner& learner, const RunState& state);

/// Sets the learner's state. kNotFound without the file; kInvalidArgument for a file that is no such state,
/// or that of a run with another identity, naming the difference.
Result<RunState> load_run(const std::string& path, Learner& learner, const Json& identity);

/// The learner's weights, the averaged ones on wish, under torchvision's names.
Result<formats::StateDict> weights_of(Learner& learner, bool averaged);

}  // namespace ridgeline::train
