#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace ridgeline::report {

struct PlotPoint {
  double x = 0;
  double y = 0;
  std::optional<double> low, high;  ///< of an interval drawn as an error bar
};

/// kLimit is a dashed grey line, kCircles small hollow points.
enum class PlotStyle { kLinesAndPoints, kLimit, kPoints, kCircles };

struct PlotSeries {
  std::string title;
  PlotStyle style = PlotStyle::kLinesAndPoints;
  size_t color = 0;  ///< the same number is the same colour and mark in every plot
  std::vector<PlotPoint> points;
};

struct Plot {
  std::string stem;  ///< file name without extension
  std::string title, caption, x_label, y_label;
  bool log_x = false, log_y = false;
  std::vector<double> x_ticks;  ///< where x is labelled; empty leaves it to gnuplot
  std::optional<double> y_max;  ///< where y ends; none leaves it to gnuplot
  std::vector<PlotSeries> series;
};

/// The gnuplot commands that draw `plot` on the terminal set before them.
std::string gnuplot_commands(const Plot& plot);

/// Writes DIR/<stem>.svg and .png with gnuplot; returns the SVG's text. kUnavailable when gnuplot is not
/// installed.
Result<std::string> draw(const Plot& plot, const std::string& directory);

}  // namespace ridgeline::report
