#include "cli/race_progress.h"

#include <fmt/core.h>

namespace ridgeline::cli {
namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

void RaceProgress::plan_made(size_t groups, size_t cells, const std::string& note) {
  bar_.start();
  bar_.print_line(fmt::format("{} cells in {} comparison groups", cells, groups));
  if (!note.empty()) bar_.print_line(note);
}

void RaceProgress::group_started(const std::string& group) { bar_.print_line("size " + group); }

void RaceProgress::advanced(double share, const std::string& what) { bar_.advance(share, what); }

void RaceProgress::cell_ended(const bench::Cell& cell) {
  const std::string name = fmt::format("  {}:{}", cell.engine, cell.precision);
  if (!cell.mean_ms)
    return bar_.print_line(fmt::format("{} {}: {}", name, name_of(cell.status), first_line(cell.reason)));
  std::string line = fmt::format("{} {:.2f} ms, {:.1f} images/s", name, *cell.mean_ms, *cell.fps);
  if (cell.speedup)
    line += fmt::format(", {:.2f}x [{:.2f}, {:.2f}]", *cell.speedup, *cell.speedup_low, *cell.speedup_high);
  bar_.print_line(line + (cell.noisy ? " NOISY" : ""));
}

}  // namespace ridgeline::cli
