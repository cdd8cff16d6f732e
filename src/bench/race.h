#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "bench/config.h"
#include "bench/matrix.h"
#include "bench/profile.h"
#include "bench/results.h"
#include "bench/worker.h"
#include "bench/worker_process.h"

namespace ridgeline::bench {

/// What one call costs, and the device's limits at the cell's precision; what is not known is absent.
struct CostOfCase {
  double flops = 0;
  double bytes = 0;
  std::string bound;  ///< "compute" or "memory"
};
struct Peaks {
  std::optional<double> measured_flops_per_s;
  std::optional<double> published_flops_per_s;
};

/// Told of what happens, in the race's own thread.
class RaceObserver {
 public:
  virtual ~RaceObserver() = default;
  virtual void plan_made(size_t groups, size_t cells, const std::string& note) = 0;
  virtual void group_started(const std::string& group) = 0;
  /// `share` of the whole race that is done.
  virtual void advanced(double share, const std::string& what) = 0;
  virtual void cell_ended(const Cell& cell) = 0;
};

/// What the race is built on; tests hand in their own.
struct RaceTools {
  ModelReader read_model;
  WorkerLaunch launch;
  /// May be empty: then no row has FLOPs.
  std::function<std::optional<CostOfCase>(const Graph& graph,
                                          const std::map<std::string, Shape>& input_shapes, const Cell& cell)>
      cost;
  /// One entry per operator; may be empty: then profiles hold times only.
  std::function<std::vector<std::optional<OpCost>>(const Graph& graph,
                                                   const std::map<std::string, Shape>& input_shapes,
                                                   const Cell& cell, std::span<const OpTime> ops)>
      op_costs = nullptr;
  std::function<Peaks(const Cell& cell)> peaks;
  Json devices = Json::object();  ///< for the context: {device: {peak_flops:{precision: …}, bandwidth}}
  RaceObserver& observer;
};

/// Runs every cell of the configuration that the journal in config.out doesn't already hold. results.json and
/// benchmark_results.csv are rewritten after each group, per-operator times go to profiles/. Bad input is an
/// error; cells that fail are rows. After a cancel the rows measured so far are returned and written.
Result<Results> run_race(const RaceConfig& config, const RaceTools& tools);

/// Writes OUT/results.json and OUT/benchmark_results.csv.
Status write_results(const Results& results, const std::string& directory);

}  // namespace ridgeline::bench
