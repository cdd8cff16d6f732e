#include "report/figures.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "report/phrases_results.h"

namespace ridgeline::report {
namespace {

using bench::Cell;

/// One line per approach through the cells that `keep` keeps; cells without a y are left out.
template <typename Keep, typename X, typename Y>
std::vector<PlotSeries> lines(const Findings& found, Keep keep, X x, Y y) {
  std::vector<PlotSeries> all;
  for (const ApproachSummary& summary : found.approaches) {
    PlotSeries series{.title = summary.approach.label(), .points = {}};
    for (const Cell* cell : found.ok)
      if (approach_of(*cell) == summary.approach && keep(*cell))
        if (const std::optional<PlotPoint> point = y(*cell, x(*cell))) series.points.push_back(*point);
    std::sort(series.points.begin(), series.points.end(), [](auto& a, auto& b) { return a.x < b.x; });
    if (!series.points.empty()) all.push_back(std::move(series));
  }
  return all;
}

std::optional<PlotPoint> fps_point(const Cell& cell, double x) { return PlotPoint{x, *cell.fps, {}, {}}; }

std::optional<PlotPoint> speedup_point(const Cell& cell, double x) {
  if (!cell.speedup) return std::nullopt;
  return PlotPoint{x, *cell.speedup, cell.speedup_low, cell.speedup_high};
}

double size_of_image(const Cell& cell) { return static_cast<double>(cell.height); }
double batch_of(const Cell& cell) { return static_cast<double>(cell.batch); }

template <typename Get>
std::vector<double> ticks(const Findings& found, Get get) {
  std::set<double> values;
  for (const Cell* cell : found.ok) values.insert(get(*cell));
  return {values.begin(), values.end()};
}

Plot fps_by_size(const Story& story, int64_t batch) {
  const auto& say = story.say;
  return {
      .stem = "fps_vs_image_size",
      .title = say(phrase::kFpsVsSize, batch),
      .x_label = say(phrase::kImageSize),
      .y_label = "FPS",
      .x_ticks = ticks(story.findings, size_of_image),
      .series = lines(
          story.findings, [&](const Cell& cell) { return cell.batch == batch; }, size_of_image, fps_point)};
}

Plot fps_by_batch(const Story& story, int64_t size) {
  const auto& say = story.say;
  return {.stem = "fps_vs_batch",
          .title = say(phrase::kFpsVsBatch, size),
          .x_label = say(phrase::kBatchAxis),
          .y_label = "FPS",
          .x_ticks = ticks(story.findings, batch_of),
          .series = lines(
              story.findings, [&](const Cell& cell) { return cell.height == size; }, batch_of, fps_point)};
}

Plot speedup_by_batch(const Story& story, int64_t size) {
  const auto& say = story.say;
  return {
      .stem = "speedup",
      .title = say(phrase::kSpeedupVsBatch, story.baseline, size),
      .x_label = say(phrase::kBatchAxis),
      .y_label = say(phrase::kSpeedupAxis),
      .x_ticks = ticks(story.findings, batch_of),
      .series = lines(
          story.findings, [&](const Cell& cell) { return cell.height == size; }, batch_of, speedup_point)};
}

constexpr double kGiga = 1e-9;

std::optional<PlotPoint> roofline_point(const Cell& cell) {
  if (!cell.flops || !cell.bytes || !cell.tflops || *cell.bytes <= 0) return std::nullopt;
  return PlotPoint{*cell.flops / *cell.bytes, *cell.tflops * 1e3, {}, {}};
}

/// min(peak, intensity × bandwidth), with a point at the ridge so that the corner is sharp.
PlotSeries roof(const std::string& title, double peak_flops, double bandwidth, double from, double to) {
  const auto at = [&](double intensity) {
    return PlotPoint{intensity, std::min(peak_flops, intensity * bandwidth) * kGiga, {}, {}};
  };
  PlotSeries series{.title = title, .style = PlotStyle::kLine, .points = {at(from)}};
  const double ridge = peak_flops / bandwidth;
  if (ridge > from && ridge < to) series.points.push_back(at(ridge));
  series.points.push_back(at(to));
  return series;
}

Plot roofline(const Story& story) {
  const auto& say = story.say;
  Plot plot{.stem = "roofline",
            .title = say(phrase::kRoofline),
            .x_label = say(phrase::kIntensityAxis),
            .y_label = say(phrase::kGflopsAxis),
            .log_x = true,
            .log_y = true};
  std::set<std::string> precisions;
  std::vector<PlotSeries> points;
  for (const ApproachSummary& summary : story.findings.approaches) {
    PlotSeries series{.title = summary.approach.label(), .style = PlotStyle::kPoints, .points = {}};
    for (const Cell* cell : story.findings.ok)
      if (approach_of(*cell) == summary.approach)
        if (const auto point = roofline_point(*cell)) series.points.push_back(*point);
    if (series.points.empty()) continue;
    points.push_back(std::move(series));
    precisions.insert(summary.approach.precision);
  }
  const Json host = story.results.context.value("/devices/cpu"_json_pointer, Json::object());
  const double bandwidth = host.value("bandwidth", 0.0);
  if (points.empty() || bandwidth <= 0) return plot;
  for (const std::string& precision : precisions) {
    const double peak = host.value(Json::json_pointer("/peak_flops/" + precision), 0.0);
    if (peak > 0) plot.series.push_back(roof(say(phrase::kRoofOf, precision), peak, bandwidth, 0.1, 1000));
  }
  plot.series.insert(plot.series.end(), points.begin(), points.end());
  return plot;
}

}  // namespace

std::vector<Plot> figures_of(const Story& story) {
  const Findings& found = story.findings;
  std::vector<Plot> plots;
  if (found.winner == nullptr) return plots;
  const auto keep_if_drawn = [&](Plot plot) {
    if (!plot.series.empty()) plots.push_back(std::move(plot));
  };
  if (ticks(found, size_of_image).size() > 1) keep_if_drawn(fps_by_size(story, found.winner->batch));
  if (ticks(found, batch_of).size() > 1) {
    keep_if_drawn(fps_by_batch(story, found.winner->height));
    keep_if_drawn(speedup_by_batch(story, found.winner->height));
  }
  keep_if_drawn(roofline(story));
  return plots;
}

}  // namespace ridgeline::report
