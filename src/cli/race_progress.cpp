#include "cli/race_progress.h"

#include <cstdio>
#include <fmt/core.h>
#include <unistd.h>

namespace ridgeline::cli {
namespace {

constexpr int kBarWidth = 24;
constexpr std::chrono::milliseconds kBarInterval(100);
constexpr std::chrono::seconds kLineInterval(20);

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

RaceProgress::RaceProgress() : terminal_(isatty(STDERR_FILENO) != 0) {}

RaceProgress::~RaceProgress() {
  if (bar_shown_) fmt::print(stderr, "\r\033[K");
}

void RaceProgress::print_line(const std::string& line) {
  fmt::print(stderr, "{}{}\n", bar_shown_ ? "\r\033[K" : "", line);
  bar_shown_ = false;
}

void RaceProgress::plan_made(size_t groups, size_t cells, const std::string& note) {
  start_ = Clock::now();
  print_line(fmt::format("{} cells in {} comparison groups", cells, groups));
  if (!note.empty()) print_line(note);
}

void RaceProgress::group_started(const std::string& group) {
  group_ = group;
  print_line("size " + group);
}

std::string RaceProgress::time_left(double share) const {
  if (share <= 0) return "";
  const double elapsed_s = std::chrono::duration<double>(Clock::now() - start_).count();
  const auto left_s = static_cast<int>(elapsed_s * (1 - share) / share);
  return fmt::format(", {}:{:02} left", left_s / 60, left_s % 60);
}

void RaceProgress::advanced(double share, const std::string& what) {
  const auto now = Clock::now();
  if (now - last_shown_ < (terminal_ ? Clock::duration(kBarInterval) : Clock::duration(kLineInterval)))
    return;
  last_shown_ = now;
  const std::string state = fmt::format("{:3.0f} %{}: {}", 100 * share, time_left(share), what);
  if (!terminal_) return print_line(state);
  const int filled = static_cast<int>(share * kBarWidth);
  fmt::print(stderr, "\r\033[K[{:#<{}}{:-<{}}] {}", "", filled, "", kBarWidth - filled, state);
  std::fflush(stderr);
  bar_shown_ = true;
}

void RaceProgress::cell_ended(const bench::Cell& cell) {
  const std::string name = fmt::format("  {}:{}", cell.engine, cell.precision);
  if (!cell.mean_ms)
    return print_line(fmt::format("{} {}: {}", name, name_of(cell.status), first_line(cell.reason)));
  std::string line = fmt::format("{} {:.2f} ms, {:.1f} images/s", name, *cell.mean_ms, *cell.fps);
  if (cell.speedup)
    line += fmt::format(", {:.2f}x [{:.2f}, {:.2f}]", *cell.speedup, *cell.speedup_low, *cell.speedup_high);
  print_line(line + (cell.noisy ? " NOISY" : ""));
}

}  // namespace ridgeline::cli
