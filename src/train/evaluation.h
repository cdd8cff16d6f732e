#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace ridgeline::train {

/// Sums up what a model says of labelled images: cross-entropy, top-1, top-5 and who is taken for whom.
class Evaluation {
 public:
  explicit Evaluation(size_t classes) : classes_(classes), sums_(kSums + classes * classes) {}

  /// `logits` is N × classes, FP32; `labels` are N class indices.
  void add(const TensorView& logits, std::span<const int64_t> labels);

  /// Everything counted so far, to be summed over the processes of a run.
  std::span<double> sums() { return sums_; }

  int64_t images() const { return static_cast<int64_t>(sums_[0]); }
  double loss() const { return mean(1); }
  double top1_pct() const { return 100 * mean(2); }
  /// Of the five largest logits, or all where the classes are fewer.
  double top5_pct() const { return 100 * mean(3); }

  /// "class,<names…>" and a line per true class: how many of its images were taken for each.
  std::string confusion_csv(const std::vector<std::string>& names) const;

 private:
  static constexpr size_t kSums = 4;  ///< images, loss, top-1, top-5; then the confusion matrix

  double mean(size_t which) const { return sums_[0] > 0 ? sums_[which] / sums_[0] : 0; }

  size_t classes_;
  std::vector<double> sums_;
};

}  // namespace ridgeline::train
