#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "bench/inputs.h"
#include "bench/journal.h"
#include "bench/race.h"
#include "bench/statistics.h"
#include "engine/agreement.h"

namespace ridgeline::bench {

/// What the cells of one group share, besides their key.
struct GroupContext {
  const RaceConfig& config;
  const RaceTools& tools;
  const Graph& graph;
  std::string model_name;
  std::string scratch;          ///< an existing directory for tensors
  std::string reference_path;   ///< the reference's outputs; empty when there is none
  std::string reference_error;  ///< why there is none
  double share_before = 0;      ///< of the race that lies before this group
  double share = 1;             ///< of the race that is this group
  /// Rounds stop here, once there are enough for an interval.
  std::optional<std::chrono::steady_clock::time_point> deadline;
};

struct GroupOutcome {
  std::vector<Cell> cells;
  bool finished = true;  ///< false after a cancel
};

/// Runs one comparison group: loads all cells, checks their outputs against the reference, then times them in
/// alternating shuffled rounds during which all but one worker are stopped.
class GroupRace {
 public:
  GroupRace(const Group& group, const GroupInputs& inputs, const GroupContext& context);
  Result<GroupOutcome> run(Journal& journal);
  /// As they stand: before run(), what is known of each cell without a race.
  std::vector<Cell> rows() const;

 private:
  struct Contender {
    Cell row;
    Precision precision = Precision::kFp32;
    std::optional<WorkerProcess> worker;
    double call_us = 0;  ///< as warm-up saw it
    std::vector<std::vector<double>> rounds_us;
  };

  Status load(Contender& contender);
  Status check_outputs(Contender& contender, const std::string& outputs_path);
  Result<std::vector<double>> timed_block(Contender& contender, int skip, int iterations);
  Status warm_up();
  Status run_rounds(Journal& journal);
  Status run_round(Json& times_us);
  void fail(Contender& contender, const Status& error);
  void read_memory(Contender& contender);
  void save_profile(Contender& contender);
  void finish_rows();
  void summarize_times(Contender& contender, const Contender& baseline);
  Ratio add_speedup(Contender& contender, const Contender& baseline);
  void add_cost(Cell& row);
  std::vector<Contender*> alive();
  int rounds_planned() const;
  int calls_per_round() const;

  const Group& group_;
  const GroupInputs& inputs_;
  const GroupContext& context_;
  std::string inputs_path_;
  std::vector<Contender> contenders_;
  Rng random_;
};

}  // namespace ridgeline::bench
