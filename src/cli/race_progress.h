#pragma once

#include <string>

#include "bench/race.h"
#include "cli/progress_bar.h"

namespace ridgeline::cli {

/// Shows a race on standard error: a bar with the time left on a terminal, a line per event otherwise.
class RaceProgress : public bench::RaceObserver {
 public:
  void plan_made(size_t groups, size_t cells, const std::string& note) override;
  void group_started(const std::string& group) override;
  void advanced(double share, const std::string& what) override;
  void cell_ended(const bench::Cell& cell) override;

 private:
  ProgressBar bar_;
};

}  // namespace ridgeline::cli
