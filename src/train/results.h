#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"

namespace ridgeline::train {

/// One epoch of a run: a row of summary.csv. Shares are in percent.
struct EpochRow {
  int64_t epoch = 0;  ///< from 1
  double train_loss = 0;
  double eval_loss = 0;
  double eval_top1 = 0;
  double eval_top5 = 0;
  double lr = 0;  ///< of the epoch's last step
  double train_top1 = 0;
  double img_per_s = 0;  ///< images trained on per second, evaluation left out
  double seconds = 0;    ///< of training
};

/// What a run came to.
struct RunResult {
  std::string model;
  int image_size = 0;
  std::string precision;
  std::vector<std::string> classes;
  std::vector<EpochRow> epochs;
  int64_t best_epoch = 0;    ///< 0: no epoch has ended
  std::string best_weights;  ///< path
  bool stopped_early = false;

  /// Null before the first epoch has ended.
  const EpochRow* best() const;
};

Json to_json(const EpochRow& row);
/// kInvalidArgument naming `what` (a file) when a number is missing.
Result<EpochRow> epoch_row_from_json(const Json& json, std::string_view what);
Json to_json(const RunResult& result);
/// The runs of a train.json, or of the one in a folder. kInvalidArgument naming the file and the field that
/// is missing.
Result<std::vector<RunResult>> load_runs(const std::string& path);

/// "epoch,train_loss,eval_loss,…" and one line per epoch.
std::string summary_csv(const std::vector<EpochRow>& epochs);

}  // namespace ridgeline::train
