#pragma once

#include <chrono>
#include <string>

namespace ridgeline::cli {

/// Progress of long work on standard error: a bar with the time left on a terminal, now and then a line
/// otherwise.
class ProgressBar {
 public:
  ProgressBar();
  /// Takes the bar away.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// The time left counts from here.
  void start();
  /// `share` of the work is done, from 0 to 1; shown at most some times a second.
  void advance(double share, const std::string& what);
  /// A line of its own, above the bar.
  void print_line(const std::string& line);

 private:
  using Clock = std::chrono::steady_clock;
  std::string time_left(double share) const;

  bool terminal_;
  bool shown_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_shown_ = Clock::now();
};

}  // namespace ridgeline::cli
