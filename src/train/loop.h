#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "train/config.h"
#include "train/learner.h"
#include "train/results.h"
#include "vision/loader.h"

namespace ridgeline::train {

/// What the loop asks of a vision::Loader.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  virtual int64_t batches_per_epoch() const = 0;
  /// The next batch, or none at the end of an epoch; the call after that starts the next epoch.
  virtual Result<std::optional<vision::Batch>> next() = 0;
  virtual void seek(const vision::LoaderPosition& position) = 0;
  virtual std::vector<vision::BadFile> bad_files() const = 0;
};

/// Where a run is, after a step.
struct StepView {
  double share = 0;  ///< of the steps that this process had before it
  int64_t epoch = 0;
  double loss = 0;  ///< mean over the epoch so far
  double top1 = 0;  ///< percent, over the epoch so far
  double img_per_s = 0;
};

/// What a run tells while it goes on; called by the thread that trains.
class TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  virtual void remark(const std::string& line) = 0;
  virtual void step_done(const StepView& view) = 0;
  virtual void epoch_done(const EpochRow& row, bool is_best) = 0;
};

struct TrainJob {
  const TrainConfig& config;
  std::vector<std::string> classes;
  int64_t images = 0;                           ///< to train on
  std::map<std::string, std::string> metadata;  ///< of the weights' files
  Learner& learner;
  BatchSource& training;
  BatchSource& evaluation;
  TrainObserver& observer;
  CancelToken cancel;
};

/// The files of a run, named by its tag, under config.out.
struct RunFiles {
  explicit RunFiles(const TrainConfig& config);
  std::string best;           ///< weights; "best" + ".pth" lies beside
  std::string best_pth;       ///< the same for torch.load
  std::string last;           ///< weights
  std::string last_pth;       ///< the same for torch.load
  std::string state;          ///< all that resume needs
  std::string folder;         ///< of the files below, and of what is drawn from them
  std::string summary_csv;    ///< a row per epoch
  std::string confusion_csv;  ///< of the best epoch
};

/// Trains config.epochs epochs, evaluating after each, or fewer where early stopping says so; config.resume
/// goes on from the last state. After each epoch files are written, each atomically, by the first process of
/// a run; the state also when the run is cancelled (kCancelled, at the end of a step).
Result<RunResult> train(const TrainJob& job);

}  // namespace ridgeline::train
