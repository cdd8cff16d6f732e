#include "train/loop.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <filesystem>

#include "base/file.h"
#include "train/checkpoint.h"
#include "train/evaluation.h"

namespace ridgeline::train {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class Loop {
 public:
  explicit Loop(const TrainJob& job)
      : job_(job),
        config_(job.config),
        files_(job.config),
        length_{.epochs = config_.epochs, .steps_per_epoch = job.training.batches_per_epoch()} {
    const auto& rendezvous = config_.learner.rendezvous;
    world_size_ = rendezvous ? rendezvous->world_size : 1;
    writes_ = !rendezvous || rendezvous->rank == 0;
    state_.identity = {{"model", config_.model},           {"image_size", config_.image_size},
                       {"batch_size", config_.batch_size}, {"seed", config_.seed},
                       {"classes", job.classes.size()},    {"images", job.images}};
  }

  Result<RunResult> run();

 private:
  Status begin();
  Status train_epoch();
  Status take_step(const vision::Batch& batch);
  Result<bool> asked_to_stop();
  Result<Evaluation> evaluate();
  Status end_epoch(const Evaluation& evaluation);
  Status write_epoch(const Evaluation& evaluation, bool is_best);
  Status write_weights(const std::string& safetensors, const std::string& pth);
  void tell_bad_files();
  bool is_stale() const;
  RunResult result(bool stopped_early) const;

  const TrainJob& job_;
  const TrainConfig& config_;
  RunFiles files_;
  RunLength length_;
  int world_size_ = 1;
  bool writes_ = true;
  RunState state_;
  int64_t first_step_ = 0;  ///< of this process, over all epochs
  size_t bad_files_told_ = 0;
};

Status Loop::begin() {
  if (length_.steps_per_epoch < 1)
    return invalid_argument("{} training images make no batch of {}: lower batch_size", job_.images,
                            config_.batch_size);
  if (writes_) RETURN_IF_ERROR(make_directories(files_.folder));
  std::error_code error;
  if (config_.resume && std::filesystem::exists(files_.state, error)) {
    ASSIGN_OR_RETURN(state_, load_run(files_.state, job_.learner, state_.identity));
    job_.observer.remark(fmt::format("{}: goes on with epoch {}, step {}", files_.state,
                                     state_.next.epoch + 1, state_.next.batch + 1));
  } else if (config_.resume) {
    job_.observer.remark(fmt::format("{} is not there: this run starts anew", files_.state));
  }
  first_step_ = state_.next.epoch * length_.steps_per_epoch + state_.next.batch;
  job_.training.seek(state_.next);
  return {};
}

/// All processes of a run stop after the same step.
Result<bool> Loop::asked_to_stop() {
  double asked = job_.cancel.requested() ? 1 : 0;
  if (world_size_ > 1) RETURN_IF_ERROR(job_.learner.sum({&asked, 1}));
  return asked > 0;
}

Status Loop::take_step(const vision::Batch& batch) {
  const Clock::time_point start = Clock::now();
  const int64_t step = state_.next.epoch * length_.steps_per_epoch + state_.next.batch;
  const double rate = learning_rate(config_.schedule, length_, step);
  ASSIGN_OR_RETURN(const StepResult taken,
                   job_.learner.step(batch.images.view(), batch.targets.view(), rate));
  if (!std::isfinite(taken.loss)) {
    return invalid_argument(
        "the loss is {} in epoch {}, step {}: lower optimizer.lr (it is {:.3g} here) or set clip_grad_norm",
        taken.loss, state_.next.epoch + 1, state_.next.batch + 1, rate);
  }
  const auto images = static_cast<double>(batch.images.shape()[0]);
  state_.sums.loss += taken.loss * images;
  state_.sums.correct += static_cast<double>(taken.correct);
  state_.sums.images += images;
  state_.sums.seconds += seconds_since(start);
  ++state_.next.batch;
  const int64_t all = length_.epochs * length_.steps_per_epoch;
  job_.observer.step_done(
      {.share = static_cast<double>(step + 1 - first_step_) / static_cast<double>(all - first_step_),
       .epoch = state_.next.epoch + 1,
       .loss = state_.sums.loss / state_.sums.images,
       .top1 = 100 * state_.sums.correct / state_.sums.images,
       .img_per_s = world_size_ * state_.sums.images / state_.sums.seconds});
  return {};
}

Status Loop::train_epoch() {
  for (;;) {
    ASSIGN_OR_RETURN(const bool stops, asked_to_stop());
    if (stops) {
      if (writes_) RETURN_IF_ERROR(save_run(files_.state, job_.learner, state_));
      return cancelled("stopped in epoch {} before step {}; resume=true goes on from {}",
                       state_.next.epoch + 1, state_.next.batch + 1, files_.state);
    }
    const Clock::time_point waiting = Clock::now();
    ASSIGN_OR_RETURN(const std::optional<vision::Batch> batch, job_.training.next());
    if (!batch) return {};
    state_.sums.seconds += seconds_since(waiting);
    RETURN_IF_ERROR(take_step(*batch));
  }
}

Result<Evaluation> Loop::evaluate() {
  RETURN_IF_ERROR(job_.learner.share_statistics());
  Evaluation evaluation(job_.classes.size());
  for (;;) {
    ASSIGN_OR_RETURN(const std::optional<vision::Batch> batch, job_.evaluation.next());
    if (!batch) break;
    ASSIGN_OR_RETURN(const TensorView logits, job_.learner.evaluate(batch->images.view(), true));
    evaluation.add(logits, batch->labels);
  }
  RETURN_IF_ERROR(job_.learner.sum(evaluation.sums()));
  return evaluation;
}

Status Loop::write_weights(const std::string& safetensors, const std::string& pth) {
  ASSIGN_OR_RETURN(formats::StateDict weights, weights_of(job_.learner, true));
  weights.metadata = job_.metadata;
  RETURN_IF_ERROR(formats::save_safetensors(weights, safetensors));
  return formats::save_pth(weights, pth);
}

Status Loop::write_epoch(const Evaluation& evaluation, bool is_best) {
  if (is_best) {
    RETURN_IF_ERROR(write_weights(files_.best, files_.best_pth));
    RETURN_IF_ERROR(write_file_atomically(files_.confusion_csv, evaluation.confusion_csv(job_.classes)));
  }
  RETURN_IF_ERROR(write_weights(files_.last, files_.last_pth));
  RETURN_IF_ERROR(write_file_atomically(files_.summary_csv, summary_csv(state_.epochs)));
  return save_run(files_.state, job_.learner, state_);
}

void Loop::tell_bad_files() {
  std::vector<vision::BadFile> bad = job_.training.bad_files();
  std::ranges::move(job_.evaluation.bad_files(), std::back_inserter(bad));
  if (bad.size() > bad_files_told_)
    job_.observer.remark(fmt::format("{} file(s) left out; the first: {}: {}", bad.size(), bad.front().path,
                                     bad.front().reason));
  bad_files_told_ = bad.size();
}

Status Loop::end_epoch(const Evaluation& evaluation) {
  std::array totals = {state_.sums.loss, state_.sums.correct, state_.sums.images};
  RETURN_IF_ERROR(job_.learner.sum(totals));
  const EpochRow row{
      .epoch = state_.next.epoch + 1,
      .train_loss = totals[0] / totals[2],
      .eval_loss = evaluation.loss(),
      .eval_top1 = evaluation.top1_pct(),
      .eval_top5 = evaluation.top5_pct(),
      .lr = learning_rate(config_.schedule, length_, (state_.next.epoch + 1) * length_.steps_per_epoch - 1),
      .train_top1 = 100 * totals[1] / totals[2],
      .img_per_s = totals[2] / state_.sums.seconds,
      .seconds = state_.sums.seconds};
  const bool is_best = state_.best_epoch == 0 ||
                       row.eval_top1 > state_.epochs[static_cast<size_t>(state_.best_epoch - 1)].eval_top1;
  state_.epochs.push_back(row);
  if (is_best) state_.best_epoch = row.epoch;
  state_.sums = {};
  state_.next = {.epoch = row.epoch, .batch = 0};
  if (writes_) RETURN_IF_ERROR(write_epoch(evaluation, is_best));
  tell_bad_files();
  job_.observer.epoch_done(row, is_best);
  return {};
}

bool Loop::is_stale() const {
  return config_.patience > 0 &&
         static_cast<int64_t>(state_.epochs.size()) - state_.best_epoch >= config_.patience;
}

RunResult Loop::result(bool stopped_early) const {
  return {.model = config_.model,
          .image_size = config_.image_size,
          .precision = std::string(name_of(config_.learner.precision)),
          .classes = job_.classes,
          .epochs = state_.epochs,
          .best_epoch = state_.best_epoch,
          .best_weights = files_.best,
          .stopped_early = stopped_early};
}

Result<RunResult> Loop::run() {
  RETURN_IF_ERROR(begin());
  while (state_.next.epoch < config_.epochs) {
    if (is_stale()) return result(true);
    RETURN_IF_ERROR(train_epoch());
    ASSIGN_OR_RETURN(const Evaluation evaluation, evaluate());
    if (evaluation.images() == 0)
      return invalid_argument("no image to evaluate on can be decoded: see `ridgeline data check`");
    if (!std::isfinite(evaluation.loss()))
      return invalid_argument(
          "the evaluation after epoch {} ends in {}: lower optimizer.lr or set clip_grad_norm",
          state_.next.epoch + 1, evaluation.loss());
    RETURN_IF_ERROR(end_epoch(evaluation));
  }
  return result(false);
}

}  // namespace

RunFiles::RunFiles(const TrainConfig& config) {
  const auto weights = [&](std::string_view which, std::string_view ending) {
    return fmt::format("{}/{}_{}{}", config.out, which, config.tag(), ending);
  };
  best = weights("best", ".safetensors");
  best_pth = weights("best", ".pth");
  last = weights("last", ".safetensors");
  last_pth = weights("last", ".pth");
  state = weights("last", ".state.safetensors");
  folder = fmt::format("{}/{}", config.out, config.tag());
  summary_csv = folder + "/summary.csv";
  confusion_csv = folder + "/confusion.csv";
}

Result<RunResult> train(const TrainJob& job) { return Loop(job).run(); }

}  // namespace ridgeline::train
