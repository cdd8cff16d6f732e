#include "quantize/judge.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/model_precision.h"
#include "predict/predictor.h"

namespace ridgeline::quantize {
namespace {

constexpr double kZ95 = 1.959963984540054;  // quantile 0.975 of the normal distribution

}  // namespace

Interval share_interval(int64_t hits, int64_t count) {
  if (count <= 0) return {0, 1};
  const auto n = static_cast<double>(count);
  const double share = static_cast<double>(hits) / n;
  const double square = kZ95 * kZ95;
  const double middle = (share + square / (2 * n)) / (1 + square / n);
  const double reach = kZ95 / (1 + square / n) * std::sqrt(share * (1 - share) / n + square / (4 * n * n));
  return {std::max(0.0, middle - reach), std::min(1.0, middle + reach)};
}

Interval paired_drop_interval(int64_t lost, int64_t gained, int64_t count) {
  const double n = static_cast<double>(count) + 2;
  const double first = static_cast<double>(lost) + 0.5, second = static_cast<double>(gained) + 0.5;
  const double drop = (first - second) / n;
  const double reach = kZ95 / n * std::sqrt(first + second - (first - second) * (first - second) / n);
  return {std::max(-1.0, drop - reach), std::min(1.0, drop + reach)};
}

double sqnr_db(std::span<const float> reference, std::span<const float> other) {
  double signal = 0, noise = 0;
  for (size_t i = 0; i < reference.size(); ++i) {
    const double error = double{reference[i]} - double{other[i]};
    signal += double{reference[i]} * double{reference[i]};
    noise += error * error;
  }
  if (noise == 0) return std::numeric_limits<double>::infinity();
  return 10 * std::log10(signal / noise);
}

Precision Runner::precision_of(const Graph& graph) const {
  const Precision stored = stored_precision(graph);
  if (stored != Precision::kInt8) return stored;
  for (const DeviceSupport& device : engine.probe().devices)
    if (device.device == "cpu" && std::ranges::find(device.precisions, stored) != device.precisions.end())
      return stored;
  return Precision::kFp32;
}

Result<Answers> Runner::ask(const Graph& graph, std::string_view model,
                            std::span<const std::string> files) const {
  ASSIGN_OR_RETURN(
      predict::Predictor predictor,
      predict::Predictor::make(graph, model, engine,
                               {.precision = precision_of(graph), .threads = threads, .batch = batch}));
  Answers answers;
  const auto take = [&](const predict::Prediction& one) {
    if (!one.status.ok()) {
      answers.skipped.push_back(one.status.message());
      return;
    }
    answers.files.push_back(one.index);
    answers.logits.insert(answers.logits.end(), one.logits.begin(), one.logits.end());
    answers.best.push_back(static_cast<int>(std::ranges::max_element(one.logits) - one.logits.begin()));
  };
  RETURN_IF_ERROR(predictor.run(files, take, cancel));
  if (answers.files.empty())
    return invalid_argument("none of {} images could be read; {}", files.size(), answers.skipped.front());
  return answers;
}

Comparison compare(const Answers& before, const Answers& after, std::span<const int> labels) {
  Comparison found{.images = static_cast<int64_t>(before.files.size()),
                   .logit_sqnr_db = sqnr_db(before.logits, after.logits)};
  for (size_t i = 0; i < before.files.size(); ++i) {
    const int label = labels[before.files[i]];
    const bool was_right = before.best[i] == label, is_right = after.best[i] == label;
    found.hits_before += was_right ? 1 : 0;
    found.hits_after += is_right ? 1 : 0;
    found.lost += was_right && !is_right ? 1 : 0;
    found.gained += is_right && !was_right ? 1 : 0;
    found.agreed += before.best[i] == after.best[i] ? 1 : 0;
  }
  return found;
}

}  // namespace ridgeline::quantize
