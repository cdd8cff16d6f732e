#include "engine/openvino/ov_profile.h"

#include <algorithm>
#include <chrono>

namespace ridgeline::ov_engine {

ProfileSum::ProfileSum(const ov::CompiledModel& compiled) {
  for (const auto& node : compiled.get_runtime_model()->get_ordered_ops()) {
    const auto originals = node->get_rt_info().find("originalLayersNames");
    if (originals == node->get_rt_info().end()) continue;
    std::string names = originals->second.as<std::string>();
    std::replace(names.begin(), names.end(), ',', '+');
    model_names_[node->get_friendly_name()] = names;
  }
}

void ProfileSum::add(const std::vector<ov::ProfilingInfo>& run) {
  const bool is_first = runs_++ == 0;
  if (is_first) totals_.resize(run.size());
  for (size_t i = 0; i < std::min(run.size(), totals_.size()); ++i) {
    if (run[i].status != ov::ProfilingInfo::Status::EXECUTED) continue;
    const auto names = model_names_.find(run[i].node_name);
    const bool is_named = names != model_names_.end() && !names->second.empty();
    totals_[i].name = is_named ? names->second : run[i].node_name;
    totals_[i].op = run[i].node_type;
    totals_[i].kernel = run[i].exec_type;
    totals_[i].mean_us += std::chrono::duration<double, std::micro>(run[i].real_time).count();
  }
}

std::vector<OpTime> ProfileSum::means() const {
  std::vector<OpTime> means;
  for (OpTime op : totals_) {
    if (op.name.empty()) continue;
    op.mean_us /= runs_;
    means.push_back(std::move(op));
  }
  return means;
}

}  // namespace ridgeline::ov_engine
