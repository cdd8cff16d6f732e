#include "report/figures.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "report/phrases_results.h"

namespace ridgeline::report {
namespace {

using bench::Cell;

/// One line per approach through the cells that `keep` keeps; cells without a y are left out.
template <typename Keep, typename X, typename Y>
std::vector<PlotSeries> lines(const Findings& found, Keep keep, X x, Y y) {
  std::vector<PlotSeries> all;
  for (size_t i = 0; i < found.approaches.size(); ++i) {
    const Approach& approach = found.approaches[i].approach;
    PlotSeries series{.title = approach.label(), .color = i, .points = {}};
    for (const Cell* cell : found.ok)
      if (approach_of(*cell) == approach && keep(*cell))
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

/// Keeps the rows of one batch, or else of one size, at the winner's threads and data: one per approach and
/// x.
std::function<bool(const Cell&)> kept(const Cell& winner, bool of_batch) {
  return [&winner, of_batch](const Cell& cell) {
    const bool alike =
        of_batch ? cell.batch == winner.batch : cell.height == winner.height && cell.width == winner.width;
    return alike && cell.threads == winner.threads && cell.data == winner.data;
  };
}

/// Shifts the series sideways a little, so that error bars at one x don't cover each other.
void set_apart(Plot& plot) {
  if (plot.x_ticks.size() < 2) return;
  constexpr double kStep = 0.006;  // of the axis
  const double span = plot.x_ticks.back() - plot.x_ticks.front();
  const double ratio = plot.x_ticks.back() / plot.x_ticks.front();
  for (size_t i = 0; i < plot.series.size(); ++i) {
    const double shift = kStep * (static_cast<double>(i) - 0.5 * static_cast<double>(plot.series.size() - 1));
    for (PlotPoint& point : plot.series[i].points)
      point.x = plot.log_x ? point.x * std::pow(ratio, shift) : point.x + span * shift;
  }
}

template <typename Get>
std::vector<double> ticks(const Findings& found, Get get) {
  std::set<double> values;
  for (const Cell* cell : found.ok) values.insert(get(*cell));
  return {values.begin(), values.end()};
}

/// One of the four plots over sizes or batches.
struct Sweep {
  const char* stem;
  Phrase title;
  Phrase x_label;
  double (*x)(const Cell&);
};

Plot fps_plot(const Story& story, const Sweep& sweep) {
  const auto& say = story.say;
  const bool by_size = sweep.x == size_of_image;
  const Cell& winner = *story.findings.winner;
  return {.stem = sweep.stem,
          .title = say(sweep.title, by_size ? winner.batch : winner.height),
          .caption = say(phrase::kFpsCaption, say(by_size ? phrase::kAtBatch : phrase::kAtSize)),
          .x_label = say(sweep.x_label),
          .y_label = "FPS",
          .log_x = !by_size,
          .x_ticks = ticks(story.findings, sweep.x),
          .series = lines(story.findings, kept(winner, by_size), sweep.x, fps_point)};
}

Plot speedup_plot(const Story& story, const Sweep& sweep) {
  const auto& say = story.say;
  const bool by_size = sweep.x == size_of_image;
  const Cell& winner = *story.findings.winner;
  Plot plot{.stem = sweep.stem,
            .title = say(sweep.title, story.baseline, by_size ? winner.batch : winner.height),
            .caption = say(phrase::kSpeedupCaption),
            .x_label = say(sweep.x_label),
            .y_label = say(phrase::kSpeedupAxis),
            .log_x = !by_size,
            .x_ticks = ticks(story.findings, sweep.x),
            .series = lines(story.findings, kept(winner, by_size), sweep.x, speedup_point)};
  set_apart(plot);
  return plot;
}

constexpr double kGiga = 1e-9;

std::optional<PlotPoint> roofline_point(const Cell& cell) {
  if (!cell.flops || !cell.bytes || !cell.tflops || *cell.bytes <= 0) return std::nullopt;
  return PlotPoint{*cell.flops / *cell.bytes, *cell.tflops * 1e3, {}, {}};
}

/// A point at the ridge keeps the corner sharp.
PlotSeries roof_line(const std::string& title, const RowRoof& roof, double from, double to) {
  const auto at = [&](double intensity) {
    return PlotPoint{intensity, roof.attainable_flops_per_s(intensity) * kGiga, {}, {}};
  };
  PlotSeries series{.title = title, .style = PlotStyle::kLimit, .points = {at(from)}};
  const double ridge = roof.flops_per_s / roof.bytes_per_s;
  if (ridge > from && ridge < to) series.points.push_back(at(ridge));
  series.points.push_back(at(to));
  return series;
}

/// Every approach's rows as dots.
std::vector<PlotSeries> row_dots(const Findings& found) {
  std::vector<PlotSeries> all;
  for (size_t i = 0; i < found.approaches.size(); ++i) {
    const Approach& approach = found.approaches[i].approach;
    PlotSeries series{.title = approach.label(), .style = PlotStyle::kPoints, .color = i, .points = {}};
    for (const Cell* cell : found.ok)
      if (approach_of(*cell) == approach)
        if (const auto point = roofline_point(*cell)) series.points.push_back(*point);
    if (!series.points.empty()) all.push_back(std::move(series));
  }
  return all;
}

/// The layers of the profiled row as circles of its colour.
std::optional<PlotSeries> layer_circles(const Story& story) {
  if (story.profiled.cell == nullptr) return std::nullopt;
  const Approach approach = approach_of(*story.profiled.cell);
  const auto& all = story.findings.approaches;
  const auto place = std::ranges::find(all, approach, &ApproachSummary::approach);
  PlotSeries series{.title = story.say(phrase::kLayersOf, approach.label()),
                    .style = PlotStyle::kCircles,
                    .color = static_cast<size_t>(place - all.begin()),
                    .points = {}};
  for (const bench::ProfiledOp& op : story.profiled.profile->ops)
    if (op.cost && op.cost->flops > 0 && op.cost->bytes > 0 && op.time.mean_us > 0)
      series.points.push_back(
          {op.cost->flops / op.cost->bytes, op.cost->flops / op.time.mean_us * 1e6 * kGiga, {}, {}});
  return series.points.empty() ? std::nullopt : std::optional(std::move(series));
}

Range reach_of(const std::vector<PlotSeries>& all) {
  Range reach{1, 100};  // in FLOP/byte: a roof's both halves are seen
  for (const PlotSeries& series : all)
    for (const PlotPoint& point : series.points)
      reach = {std::min(reach.low, point.x), std::max(reach.high, point.x)};
  return {reach.low / 2, reach.high * 2};
}

Plot roofline(const Story& story) {
  const auto& say = story.say;
  Plot plot{.stem = "roofline",
            .title = say(phrase::kRoofline),
            .caption = say(phrase::kRooflineCaptionRows),
            .x_label = say(phrase::kIntensityAxis),
            .y_label = say(phrase::kGflopsAxis),
            .log_x = true,
            .log_y = true};
  std::vector<PlotSeries> points = row_dots(story.findings);
  if (std::optional<PlotSeries> layers = layer_circles(story)) {
    points.push_back(std::move(*layers));
    plot.caption = say(phrase::kRooflineCaption, approach_of(*story.profiled.cell).label());
  }
  std::map<std::string, RowRoof> roofs;
  for (const Cell* cell : story.findings.ok)
    if (const auto roof = roof_of(story, *cell); roof && roofline_point(*cell))
      roofs.emplace(cell->device == "cpu" ? cell->precision : cell->precision + ' ' + cell->device, *roof);
  if (points.empty() || roofs.empty()) return plot;
  const Range reach = reach_of(points);
  for (const auto& [name, roof] : roofs)
    plot.series.push_back(roof_line(say(phrase::kRoofOf, name), roof, reach.low, reach.high));
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
  if (ticks(found, size_of_image).size() > 1) {
    keep_if_drawn(
        fps_plot(story, {"fps_vs_image_size", phrase::kFpsVsSize, phrase::kImageSize, size_of_image}));
    keep_if_drawn(speedup_plot(
        story, {"speedup_vs_image_size", phrase::kSpeedupVsSize, phrase::kImageSize, size_of_image}));
  }
  if (ticks(found, batch_of).size() > 1) {
    keep_if_drawn(fps_plot(story, {"fps_vs_batch", phrase::kFpsVsBatch, phrase::kBatchAxis, batch_of}));
    keep_if_drawn(speedup_plot(story, {"speedup", phrase::kSpeedupVsBatch, phrase::kBatchAxis, batch_of}));
  }
  keep_if_drawn(roofline(story));
  return plots;
}

}  // namespace ridgeline::report
