#include "train/evaluation.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "base/text.h"

namespace ridgeline::train {
namespace {

double cross_entropy(std::span<const float> logits, size_t label) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - largest);
  return std::log(sum) + largest - logits[label];
}

}  // namespace

void Evaluation::add(const TensorView& logits, std::span<const int64_t> labels) {
  const std::span<const float> values = logits.as<float>();
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto row = values.subspan(i * classes_, classes_);
    const auto label = static_cast<size_t>(labels[i]);
    const auto larger =
        std::count_if(row.begin(), row.end(), [&](float value) { return value > row[label]; });
    const auto taken_for = static_cast<size_t>(std::max_element(row.begin(), row.end()) - row.begin());
    sums_[0] += 1;
    sums_[1] += cross_entropy(row, label);
    sums_[2] += taken_for == label ? 1 : 0;
    sums_[3] += larger < 5 ? 1 : 0;
    sums_[kSums + label * classes_ + taken_for] += 1;
  }
}

std::string Evaluation::confusion_csv(const std::vector<std::string>& names) const {
  std::string text = "class";
  for (const std::string& name : names) text += ',' + csv_quoted(name);
  text += '\n';
  for (size_t label = 0; label < classes_; ++label) {
    text += csv_quoted(names[label]);
    for (size_t other = 0; other < classes_; ++other)
      text += fmt::format(",{}", sums_[kSums + label * classes_ + other]);
    text += '\n';
  }
  return text;
}

}  // namespace ridgeline::train
