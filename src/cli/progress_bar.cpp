#include "cli/progress_bar.h"

#include <cstdio>
#include <fmt/core.h>
#include <unistd.h>

namespace ridgeline::cli {
namespace {

constexpr int kBarWidth = 24;
constexpr std::chrono::milliseconds kBarInterval(100);
constexpr std::chrono::seconds kLineInterval(20);

}  // namespace

ProgressBar::ProgressBar() : terminal_(isatty(STDERR_FILENO) != 0) {}

ProgressBar::~ProgressBar() {
  if (shown_) fmt::print(stderr, "\r\033[K");
}

void ProgressBar::start() { start_ = Clock::now(); }

void ProgressBar::print_line(const std::string& line) {
  fmt::print(stderr, "{}{}\n", shown_ ? "\r\033[K" : "", line);
  shown_ = false;
}

std::string ProgressBar::time_left(double share) const {
  if (share <= 0) return "";
  const double elapsed_s = std::chrono::duration<double>(Clock::now() - start_).count();
  const auto left_s = static_cast<int>(elapsed_s * (1 - share) / share);
  return fmt::format(", {}:{:02} left", left_s / 60, left_s % 60);
}

void ProgressBar::advance(double share, const std::string& what) {
  const auto now = Clock::now();
  if (now - last_shown_ < (terminal_ ? Clock::duration(kBarInterval) : Clock::duration(kLineInterval)))
    return;
  last_shown_ = now;
  const std::string state = fmt::format("{:3.0f} %{}: {}", 100 * share, time_left(share), what);
  if (!terminal_) return print_line(state);
  const int filled = static_cast<int>(share * kBarWidth);
  fmt::print(stderr, "\r\033[K[{:#<{}}{:-<{}}] {}", "", filled, "", kBarWidth - filled, state);
  std::fflush(stderr);
  shown_ = true;
}

}  // namespace ridgeline::cli
