#include "report/training_curves.h"

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

}  // namespace

Status draw_training_curves(const train::RunResult& run, const std::string& folder) {
  const std::string what = fmt::format("{} at {}×{}", run.model, run.image_size, run.image_size);
  using train::EpochRow;
  const Plot loss{.stem = "loss",
                  .title = "Loss of " + what,
                  .x_label = "epoch",
                  .y_label = "cross-entropy",
                  .series = {series_of(run, "training", 0, &EpochRow::train_loss),
                             series_of(run, "evaluation", 1, &EpochRow::eval_loss)}};
  const Plot accuracy{.stem = "accuracy",
                      .title = "Accuracy of " + what,
                      .x_label = "epoch",
                      .y_label = "percent",
                      .series = {series_of(run, "training, top-1", 0, &EpochRow::train_top1),
                                 series_of(run, "evaluation, top-1", 1, &EpochRow::eval_top1),
                                 series_of(run, "evaluation, top-5", 2, &EpochRow::eval_top5)}};
  for (const Plot& plot : {loss, accuracy}) RETURN_IF_ERROR(draw(plot, folder).status());
  return {};
}

}  // namespace ridgeline::report
