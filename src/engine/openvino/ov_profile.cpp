#include "engine/openvino/ov_profile.h"

#include <algorithm>
#include <chrono>
#include <map>

namespace ridgeline::ov_engine {

namespace {

/// By the name of an operator that runs, the names of the model's nodes that it stands for.
std::map<std::string, std::string> model_names(const ov::CompiledModel& compiled) {
  std::map<std::string, std::string> names_of;
  for (const auto& node : compiled.get_runtime_model()->get_ordered_ops()) {
    const auto originals = node->get_rt_info().find("originalLayersNames");
    if (originals == node->get_rt_info().end()) continue;
    std::string names = originals->second.as<std::string>();
    std::replace(names.begin(), names.end(), ',', '+');
    if (!names.empty()) names_of[node->get_friendly_name()] = names;
  }
  return names_of;
}

double total_us(const ov::ProfilingInfo& info, int runs) {
  return std::chrono::duration<double, std::micro>(info.real_time).count() * runs;
}

}  // namespace

std::vector<OpTime> mean_times(const ov::CompiledModel& compiled, const ProfileSnapshot& before,
                               const ProfileSnapshot& after) {
  const auto names_of = model_names(compiled);
  std::vector<OpTime> times;
  for (size_t i = 0; i < std::min(before.operators.size(), after.operators.size()); ++i) {
    const ov::ProfilingInfo& info = after.operators[i];
    if (info.status != ov::ProfilingInfo::Status::EXECUTED) continue;
    const auto names = names_of.find(info.node_name);
    const double between_us = total_us(info, after.runs) - total_us(before.operators[i], before.runs);
    times.push_back({.name = names != names_of.end() ? names->second : info.node_name,
                     .op = info.node_type,
                     .kernel = info.exec_type,
                     .mean_us = std::max(0.0, between_us / (after.runs - before.runs))});
  }
  return times;
}

}  // namespace ridgeline::ov_engine
