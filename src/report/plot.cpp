#include "report/plot.h"

#include <array>
#include <chrono>
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

std::string plot_clause(const PlotSeries& series, size_t index) {
  const std::string_view color = kColors[index % kColors.size()];
  const std::string data = fmt::format("$series{} using 1:2", index);
  const std::string title = quoted(series.title);
  switch (series.style) {
    case PlotStyle::kLine:
      return fmt::format("{} with lines lw 2 lc rgb '{}' title {}", data, color, title);
    case PlotStyle::kPoints:
      return fmt::format("{} with points pt 7 ps 1.1 lc rgb '{}' title {}", data, color, title);
    case PlotStyle::kSmallPoints:
      return fmt::format("{} with points pt 6 ps 0.6 lc rgb '{}' title {}", data, color, title);
    case PlotStyle::kLinesAndPoints:
      break;
  }
  std::string clause =
      fmt::format("{} with linespoints pt 7 ps 0.9 lw 2 lc rgb '{}' title {}", data, color, title);
  if (has_intervals(series))
    clause += fmt::format(", $series{} using 1:2:3:4 with yerrorbars pt 0 lw 1.2 lc rgb '{}' notitle", index,
                          color);
  return clause;
}

std::string tick_list(const std::vector<double>& ticks) {
  std::vector<std::string> labels;
  for (const double tick : ticks) labels.push_back(fmt::format("\"{0}\" {0}", tick));
  return fmt::format("set xtics ({})\n", fmt::join(labels, ", "));
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
      "right top\n";
  text += "set offsets graph 0.04, graph 0.04, graph 0.06, 0\n";
  if (plot.log_x) text += "set logscale x\n";
  text += plot.log_y ? "set logscale y\n" : "set yrange [0:*]\n";
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
