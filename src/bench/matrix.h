#pragma once

#include <map>
#include <string>
#include <vector>

#include "bench/config.h"
#include "bench/results.h"
#include "engine/engine.h"

namespace ridgeline::bench {

/// What cells must share to be compared with each other (besides the model).
struct GroupKey {
  ImageSize size;
  int64_t batch = 1;
  std::string device;
  int threads = 1;
  std::string data;  ///< "synthetic" or a folder

  /// "224 batch 8 cpu 2 threads synthetic"; unique within a race.
  std::string name() const;
  /// What the row's column says: "synthetic" or "real".
  std::string data_kind() const;
};

/// A cell before the race: to be run, or already known not to be.
struct PlannedCell {
  Contestant contestant;
  CellStatus status = CellStatus::kOk;
  std::string reason;
};

/// Cells that are run in alternating rounds. The baseline comes first.
struct Group {
  GroupKey key;
  std::vector<PlannedCell> cells;
};

/// What a probe said of an engine.
struct EngineFacts {
  std::string version;
  Capabilities capabilities;
};
/// By engine name, in the registry's order.
using EngineTable = std::vector<std::pair<std::string, EngineFacts>>;

struct Matrix {
  std::vector<Group> groups;  ///< those of the configured shard
  Contestant baseline;        ///< the one that is used
  std::string baseline_note;  ///< why it is not the one asked for; empty when it is
};

/// All cells that the configuration asks for. Engine "all" is every known one but null, precision "all" every
/// one that the engine has on the device; a combination asked for by name that can't be run is planned with
/// its reason. `available_threads` stands for 0 threads. kInvalidArgument naming an unknown engine, precision
/// or value.
Result<Matrix> plan(const RaceConfig& config, const EngineTable& engines, int available_threads);

}  // namespace ridgeline::bench
