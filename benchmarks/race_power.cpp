// How often the race is right on this machine: `race_power CELLS SECONDS` races an engine against itself and
// against itself with 3 % more work, CELLS times each for SECONDS, in fresh processes every time, and prints
// one JSON document. Promise: at most 10 in 100 of the first called different, at least 90 in 100 of the
// second.

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fmt/core.h>
#include <string>
#include <vector>

#include "bench/engines/race_model.h"
#include "bench/race.h"

namespace ridgeline::bench {
namespace {

constexpr double kTrueSpeedup = 1 / 1.03;
constexpr int kCallsPerRound = 20;

class SilentObserver : public RaceObserver {
 public:
  void plan_made(size_t, size_t, const std::string&) override {}
  void group_started(const std::string&) override {}
  void advanced(double, const std::string&) override {}
  void cell_ended(const Cell&) override {}
};

struct Tally {
  int cells = 0;
  int significant = 0;
  int noisy = 0;
  int truth_held = 0;        ///< intervals that contain the true ratio
  double squared_error = 0;  ///< of the log ratio
  double half_widths = 0;
};

Result<Cell> race_against_steady(const std::string& engine, double seconds, uint64_t seed) {
  RaceConfig config;
  config.model = "race.onnx";
  config.engines = {engine};
  config.baseline = {"steady", "fp32"};
  config.sizes = {{4, 4}};
  config.threads = {1};
  config.rounds = 100000;
  config.runs = kCallsPerRound * config.rounds;
  config.max_time_s = seconds;
  config.seed = seed;
  config.out = (std::filesystem::temp_directory_path() / "race_power").string();
  SilentObserver observer;
  const RaceTools tools{.read_model = read_race_model,
                        .launch = {.command = {RACE_WORKER, RACE_ENGINES_DIR},
                                   .timeout_s = 60,
                                   .memory_limit_bytes = 0,
                                   .cancel = {}},
                        .cost = nullptr,
                        .peaks = [](const Cell&) { return Peaks{}; },
                        .devices = Json::object(),
                        .observer = observer};
  ASSIGN_OR_RETURN(const Results results, run_race(config, tools));
  for (const Cell& cell : results.cells)
    if (cell.engine == engine && cell.speedup) return cell;
  return internal_error("{} was not timed", engine);
}

Status add_race(const std::string& engine, double truth, double seconds, Tally& tally) {
  ASSIGN_OR_RETURN(const Cell cell, race_against_steady(engine, seconds, static_cast<uint64_t>(tally.cells)));
  ++tally.cells;
  if (*cell.speedup_low > 1 || *cell.speedup_high < 1) ++tally.significant;
  if (*cell.speedup_low <= truth && truth <= *cell.speedup_high) ++tally.truth_held;
  if (cell.noisy) ++tally.noisy;
  const double error = std::log(*cell.speedup / truth);
  tally.squared_error += error * error;
  tally.half_widths += std::log(*cell.speedup_high / *cell.speedup_low) / 2;
  return {};
}

Json to_json(const Tally& tally) {
  return {{"cells", tally.cells},
          {"significant", tally.significant},
          {"truth_held", tally.truth_held},
          {"noisy", tally.noisy},
          {"rms_error_pct", 100 * std::sqrt(tally.squared_error / tally.cells)},
          {"mean_half_width_pct", 100 * tally.half_widths / tally.cells}};
}

Result<Json> measure(int cells, double seconds) {
  Tally same, slower;
  for (int i = 0; i < cells; ++i) {
    RETURN_IF_ERROR(add_race("twin", 1, seconds, same));
    RETURN_IF_ERROR(add_race("slower", kTrueSpeedup, seconds, slower));
  }
  return Json{{"seconds", seconds}, {"same_engine", to_json(same)}, {"three_percent", to_json(slower)}};
}

}  // namespace
}  // namespace ridgeline::bench

int main(int argc, char** argv) {
  const int cells = argc == 3 ? std::atoi(argv[1]) : 0;
  const double seconds = argc == 3 ? std::atof(argv[2]) : 0;
  if (cells < 1 || seconds <= 0) {
    fmt::print(stderr, "usage: race_power CELLS SECONDS\n");
    return 2;
  }
  const auto measured = ridgeline::bench::measure(cells, seconds);
  if (!measured.ok()) {
    fmt::print(stderr, "race_power: {}\n", measured.status().message());
    return 1;
  }
  fmt::print("{}\n", measured->dump(1));
  return 0;
}
