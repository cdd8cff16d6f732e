#pragma once

#include <chrono>
#include <string>

#include "bench/race.h"

namespace ridgeline::cli {

/// Shows a race on standard error: a bar with the time left on a terminal, a line per event otherwise.
class RaceProgress : public bench::RaceObserver {
 public:
  RaceProgress();
  ~RaceProgress() override;
  void plan_made(size_t groups, size_t cells, const std::string& note) override;
  void group_started(const std::string& group) override;
  void advanced(double share, const std::string& what) override;
  void cell_ended(const bench::Cell& cell) override;

 private:
  using Clock = std::chrono::steady_clock;
  void print_line(const std::string& line);
  std::string time_left(double share) const;

  bool terminal_;
  bool bar_shown_ = false;
  std::string group_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_shown_;
};

}  // namespace ridgeline::cli
