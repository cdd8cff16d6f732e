#pragma once

#include <array>
#include <functional>

#include "tiny_model.h"
#include "train/loop.h"

namespace ridgeline::train {

/// A learner without a library: one weight that moves by the learning rate, a loss that follows it.
class FakeLearner : public Learner {
 public:
  Result<StepResult> step(const TensorView& images, const TensorView& /*targets*/,
                          double learning_rate) override {
    weight_ = 0.9 * weight_ + learning_rate * images.as<float>()[0];
    ++steps_;
    rates.push_back(learning_rate);
    return StepResult{.loss = steps_ == fails_at ? std::nan("") : 1 + weight_, .correct = 1, .grad_norm = 0};
  }
  Result<TensorView> evaluate(const TensorView& images, bool /*averaged*/) override {
    logits_ = *Tensor::zeros(DType::kF32, {images.shape[0], 2});
    const bool right = evaluations_ >= right_after;
    ++evaluations_;
    for (int64_t i = 0; i < images.shape[0]; ++i)
      logits_.as<float>()[static_cast<size_t>(2 * i) + (right ? 1 : 0)] = largest;
    return logits_.view();
  }
  const std::vector<std::string>& state_names() const override { return names_; }
  Result<Tensor> state(const std::string& /*name*/) override {
    return Tensor::from_values<double>(Shape{2}, std::array{weight_, static_cast<double>(steps_)});
  }
  Status set_state(const std::string& /*name*/, const Tensor& value) override {
    weight_ = value.as<double>()[0];
    steps_ = static_cast<int>(value.as<double>()[1]);
    return {};
  }
  Status sum(std::span<double> /*values*/) override { return {}; }
  Status share_statistics() override { return {}; }

  float largest = 1;    ///< logit
  int fails_at = -1;    ///< step whose loss is no number
  int right_after = 0;  ///< evaluations that are wrong before all are right
  std::vector<double> rates;

 private:
  double weight_ = 0;
  int steps_ = 0;
  int evaluations_ = 0;
  Tensor logits_;
  std::vector<std::string> names_ = {"weight"};
};

/// Batches of two images that tell epoch and place.
class FakeSource : public BatchSource {
 public:
  explicit FakeSource(int64_t batches) : batches_(batches) {}
  int64_t batches_per_epoch() const override { return batches_; }
  Result<std::optional<vision::Batch>> next() override {
    if (place_.batch == batches_) {
      place_ = {.epoch = place_.epoch + 1, .batch = 0};
      return std::optional<vision::Batch>();
    }
    vision::Batch batch{
        .images = waves({2, 1, 1, 3}, static_cast<double>(10 * place_.epoch + place_.batch), 1),
        .targets = waves({2, 2}, 0, 1),
        .labels = {1, 1}};
    ++place_.batch;
    if (on_batch) on_batch(place_);
    return std::optional(std::move(batch));
  }
  void seek(const vision::LoaderPosition& position) override { place_ = position; }
  std::vector<vision::BadFile> bad_files() const override { return bad; }

  std::function<void(const vision::LoaderPosition&)> on_batch;
  std::vector<vision::BadFile> bad;

 private:
  int64_t batches_;
  vision::LoaderPosition place_;
};

class FakeObserver : public TrainObserver {
 public:
  void remark(const std::string& line) override { remarks.push_back(line); }
  void step_done(const StepView& view) override { shares.push_back(view.share); }
  void epoch_done(const EpochRow& row, bool /*is_best*/) override { rows.push_back(row); }

  std::vector<std::string> remarks;
  std::vector<double> shares;
  std::vector<EpochRow> rows;
};

}  // namespace ridgeline::train
