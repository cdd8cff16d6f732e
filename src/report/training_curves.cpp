#include "report/training_curves.h"

#include <algorithm>

#include "report/plot.h"

namespace ridgeline::report {
namespace {

PlotSeries series_of(const train::RunResult& run, const std::string& title, size_t color,
                     double train::EpochRow::* field) {
  PlotSeries series{.title = title, .color = color};
  for (const train::EpochRow& row : run.epochs)
    series.points.push_back({.x = static_cast<double>(row.epoch), .y = row.*field});
  return series;
}

/// Whole epochs, at most a dozen of them.
std::vector<double> epoch_ticks(const train::RunResult& run) {
  constexpr size_t kMostTicks = 12;
  const size_t step = (run.epochs.size() + kMostTicks - 1) / kMostTicks;
  std::vector<double> ticks;
  for (size_t i = 0; i < run.epochs.size(); i += step)
    ticks.push_back(static_cast<double>(run.epochs[i].epoch));
  return ticks;
}

/// With five classes or fewer every answer is among the first five.
bool tells_top5(const train::RunResult& run) {
  return std::any_of(run.epochs.begin(), run.epochs.end(),
                     [](const train::EpochRow& row) { return row.eval_top5 < 100; });
}

}  // namespace

Status draw_training_curves(const train::RunResult& run, const std::string& folder) {
  const std::string what = fmt::format("{} at {}×{}", run.model, run.image_size, run.image_size);
  using train::EpochRow;
  const std::vector<double> ticks = epoch_ticks(run);
  const Plot loss{.stem = "loss",
                  .title = "Loss of " + what,
                  .x_label = "epoch",
                  .y_label = "cross-entropy",
                  .x_ticks = ticks,
                  .series = {series_of(run, "training", 0, &EpochRow::train_loss),
                             series_of(run, "evaluation", 1, &EpochRow::eval_loss)}};
  Plot accuracy{.stem = "accuracy",
                .title = "Accuracy of " + what,
                .x_label = "epoch",
                .y_label = "percent",
                .x_ticks = ticks,
                .y_max = 100,
                .series = {series_of(run, "training, top-1", 0, &EpochRow::train_top1),
                           series_of(run, "evaluation, top-1", 1, &EpochRow::eval_top1)}};
  if (tells_top5(run))
    accuracy.series.push_back(series_of(run, "evaluation, top-5", 2, &EpochRow::eval_top5));
  for (const Plot& plot : {loss, accuracy}) RETURN_IF_ERROR(draw(plot, folder).status());
  return {};
}

}  // namespace ridgeline::report
