#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "base/json.h"
#include "base/status.h"
#include "bench/race.h"
#include "cost/attained.h"
#include "cost/devices.h"
#include "graph/infer.h"

namespace ridgeline::cli {

/// The limits of the devices that a race uses: measured for the CPU, from the vendor's table for GPUs.
class RaceLimits {
 public:
  /// Measures the CPU, or reads what an earlier call has measured, once per thread count.
  static Result<RaceLimits> find(const bench::RaceConfig& config, const CancelToken& cancel);

  bench::Peaks peaks_of(const bench::Cell& cell) const;
  /// The ideal work of one call of the cell: bytes are those of tensors at the cell's precision. Null while
  /// any operator of the model can't be costed.
  std::optional<bench::CostOfCase> cost_of(const Graph& graph, const InputShapes& input_shapes,
                                           const bench::Cell& cell) const;
  /// The same of each line of the cell's profile; null for lines that name no layer.
  std::vector<std::optional<bench::OpCost>> op_costs(const Graph& graph, const InputShapes& input_shapes,
                                                     const bench::Cell& cell,
                                                     std::span<const OpTime> ops) const;
  /// {device: {name, source, peak_flops:{precision: …}, bandwidth}}: a CPU's at its largest thread count.
  Json describe() const;

 private:
  /// What the cell runs on; null for a GPU that the table does not have.
  const cost::Device* device_of(const bench::Cell& cell) const;

  std::map<std::pair<std::string, int>, cost::Device>
      devices_;  ///< by device and threads; a GPU's threads are 0
};

/// An engine's profile as the cost room takes it.
std::vector<cost::TimedLayers> timed_layers(std::span<const OpTime> ops);

}  // namespace ridgeline::cli
