#include "report/plot.h"

#include <array>
#include <chrono>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/file.h"
#include "base/subprocess.h"

namespace ridgeline::report {
namespace {

/// Okabe and Ito's palette, told apart by readers with any colour vision.
constexpr std::array<std::string_view, 8> kColors = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                                     "#E69F00", "#56B4E9", "#5A5A5A", "#B8A800"};

/// Inside gnuplot's double quotes.
std::string quoted(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '"' || c == '\\') safe += '\\';
    safe += c == '\n' ? ' ' : c;
  }
  return '"' + safe + '"';
}

bool has_intervals(const PlotSeries& series) {
  return !series.points.empty() && series.points.front().low && series.points.front().high;
}

std::string data_block(const PlotSeries& series, size_t index) {
  std::string text = fmt::format("$series{} << END\n", index);
  for (const PlotPoint& point : series.points)
    text += fmt::format("{} {} {} {}\n", point.x, point.y, point.low.value_or(point.y),
                        point.high.value_or(point.y));
  return text + "END\n";
}

/// Filled marks of the same weight; with the colours they tell 40 series apart.
int mark_of(const PlotSeries& series) {
  constexpr std::array<int, 5> kMarks = {7, 5, 9, 13, 11};
  return kMarks[series.color / kColors.size() % kMarks.size()];
}

std::string plot_clause(const PlotSeries& series, size_t index) {
  const std::string_view color = kColors[series.color % kColors.size()];
  const std::string data = fmt::format("$series{} using 1:2", index);
  const std::string title = quoted(series.title);
  switch (series.style) {
    case PlotStyle::kLimit:
      return fmt::format("{} with lines lw 1.6 dt {} lc rgb '#5a5a5a' title {}", data, index % 5 + 1, title);
    case PlotStyle::kPoints:
      return fmt::format("{} with points pt {} ps 1.1 lc rgb '{}' title {}", data, mark_of(series), color,
                         title);
    case PlotStyle::kCircles:
      return fmt::format("{} with points pt 6 ps 0.7 lc rgb '{}' title {}", data, color, title);
    case PlotStyle::kLinesAndPoints:
      break;
  }
  // Error bars first: they wipe out what they are drawn over.
  std::string clause;
  if (has_intervals(series))
    clause = fmt::format("$series{} using 1:2:3:4 with yerrorbars pt 0 lw 1.2 lc rgb '{}' notitle, ", index,
                         color);
  return clause + fmt::format("{} with linespoints pt {} ps 0.9 lw 2 lc rgb '{}' title {}", data,
                              mark_of(series), color, title);
}

std::string tick_list(const std::vector<double>& ticks) {
  std::vector<std::string> labels;
  for (const double tick : ticks) labels.push_back(fmt::format("\"{0}\" {0}", tick));
  return fmt::format("set xtics ({})\n", fmt::join(labels, ", "));
}

/// A margin beside the outer ticks.
std::string x_range(const Plot& plot) {
  constexpr double kMargin = 0.06;  // of the axis
  const double low = plot.x_ticks.front(), high = plot.x_ticks.back();
  if (!plot.log_x) {
    const double margin = kMargin * (high > low ? high - low : 1);
    return fmt::format("set xrange [{}:{}]\n", low - margin, high + margin);
  }
  const double factor = std::pow(high > low ? high / low : 10, kMargin);
  return fmt::format("set xrange [{}:{}]\n", low / factor, high * factor);
}

Status run_gnuplot(const std::string& script_path) {
  auto process =
      Subprocess::start({.arguments = {"/usr/bin/env", "gnuplot", script_path}, .environment = {}});
  if (!process.ok()) return process.status();
  const ExitState exit = process->finish(std::chrono::seconds(60));
  if (exit.signalled || exit.code == 127)
    return unavailable("plots need gnuplot, which is not installed; run ./run setup");
  if (exit.code != 0)
    return internal_error("gnuplot failed ({}): {}", describe(exit), process->error_tail(3));
  return {};
}

}  // namespace

std::string gnuplot_commands(const Plot& plot) {
  std::string text;
  for (size_t i = 0; i < plot.series.size(); ++i) text += data_block(plot.series[i], i);
  text += fmt::format("set title {} font ',15'\nset xlabel {}\nset ylabel {}\n", quoted(plot.title),
                      quoted(plot.x_label), quoted(plot.y_label));
  text +=
      "set grid lc rgb '#dfe4ea' lw 1\nset border 3 lc rgb '#5b6675'\nset tics nomirror\nset key outside "
      "right top Left reverse samplen 2\n";
  text += plot.x_ticks.empty() ? "set offsets graph 0.04, graph 0.04, graph 0.06, 0\n"
                               : x_range(plot) + "set offsets 0, 0, graph 0.06, 0\n";
  if (plot.log_x) text += "set logscale x\n";
  if (plot.log_y)
    text += "set logscale y\n";
  else
    text += plot.y_max ? fmt::format("set yrange [0:{}]\n", *plot.y_max) : "set yrange [0:*]\n";
  if (!plot.x_ticks.empty()) text += tick_list(plot.x_ticks);
  std::vector<std::string> clauses;
  for (size_t i = 0; i < plot.series.size(); ++i) clauses.push_back(plot_clause(plot.series[i], i));
  return text + fmt::format("plot {}\n", fmt::join(clauses, ", \\\n  "));
}

Result<std::string> draw(const Plot& plot, const std::string& directory) {
  const std::string base = directory + '/' + plot.stem;
  const std::string script = base + ".gnuplot";
  const std::string commands = gnuplot_commands(plot);
  RETURN_IF_ERROR(write_file_atomically(
      script,
      fmt::format(
          "set encoding utf8\n"
          "set terminal svg size 900,480 font 'DejaVu Sans,13' background rgb 'white'\nset output {}\n{}"
          "unset output\nset terminal pngcairo size 1350,720 font 'DejaVu Sans,16'\nset output {}\n{}",
          quoted(base + ".svg"), commands, quoted(base + ".png"), commands)));
  RETURN_IF_ERROR(run_gnuplot(script));
  return read_file(base + ".svg");
}

}  // namespace ridgeline::report
