#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/openvino/ov_support.h"

namespace ridgeline::ov_engine {

/// Sums what an infer request says of its operators, run by run. Operators carry the names of the model's own
/// nodes, joined by "+" where OpenVINO fused them.
class ProfileSum {
 public:
  /// Reads which of the model's nodes each operator of `compiled` stands for.
  explicit ProfileSum(const ov::CompiledModel& compiled);
  /// Adds one run.
  void add(const std::vector<ov::ProfilingInfo>& run);
  /// Mean times in execution order of the operators that ran.
  std::vector<OpTime> means() const;

 private:
  std::map<std::string, std::string> model_names_;
  std::vector<OpTime> totals_;
  int runs_ = 0;
};

}  // namespace ridgeline::ov_engine
