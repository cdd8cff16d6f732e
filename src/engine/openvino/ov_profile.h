#pragma once

#include <string>
#include <vector>

#include "engine/openvino/ov_support.h"

namespace ridgeline::ov_engine {

/// What an infer request says of its operators after `runs` runs. Its times are means over all runs so far.
struct ProfileSnapshot {
  std::vector<ov::ProfilingInfo> operators;
  int runs = 0;
};

/// Mean times over the runs between two snapshots of a request of `compiled`, in execution order, of the
/// operators that ran. They carry the names of the model's own nodes, joined by "+" where OpenVINO fused
/// them.
std::vector<OpTime> mean_times(const ov::CompiledModel& compiled, const ProfileSnapshot& before,
                               const ProfileSnapshot& after);

}  // namespace ridgeline::ov_engine
