#include "engine/onnxruntime/ort_profile.h"

#include <filesystem>
#include <map>
#include <utility>

#include "base/json.h"

namespace ridgeline::ort {

namespace {

struct NodeTimes {
  OpTime op;
  int runs = 0;
  double total_us = 0;
};

/// Sums the kernel events of a trace by node; nlohmann's exceptions leave.
std::vector<OpTime> mean_times(const Json& trace, int skipped_runs) {
  constexpr std::string_view kSuffix = "_kernel_time";
  std::map<std::string, size_t> index_of;
  std::vector<NodeTimes> nodes;
  for (const Json& event : trace) {
    const std::string event_name = event.at("name");
    if (event.at("cat") != "Node" || !event_name.ends_with(kSuffix)) continue;
    const auto [entry, is_new] = index_of.emplace(event_name, nodes.size());
    if (is_new) {
      const Json& details = event.at("args");
      nodes.push_back({.op = {.name = event_name.substr(0, event_name.size() - kSuffix.size()),
                              .op = details.at("op_name"),
                              .kernel = details.value("provider", "")}});
    }
    NodeTimes& node = nodes[entry->second];
    if (node.runs++ >= skipped_runs) node.total_us += event.at("dur").get<double>();
  }
  std::vector<OpTime> means;
  for (NodeTimes& node : nodes) {
    if (node.runs <= skipped_runs) continue;
    node.op.mean_us = node.total_us / (node.runs - skipped_runs);
    means.push_back(std::move(node.op));
  }
  return means;
}

}  // namespace

Result<ProfileFile> ProfileFile::create() {
  std::error_code error;
  std::string pattern = (std::filesystem::temp_directory_path(error) / "ridgeline-profile-XXXXXX").string();
  if (error || mkdtemp(pattern.data()) == nullptr) {
    return internal_error("no temporary directory for the profile at '{}'", pattern);
  }
  return ProfileFile(std::move(pattern));
}

ProfileFile::~ProfileFile() {
  if (directory_.empty()) return;
  std::error_code error;
  std::filesystem::remove_all(directory_, error);
}

Result<std::vector<OpTime>> read_profile(const std::string& path, int skipped_runs) {
  ASSIGN_OR_RETURN(const Json trace, read_json(path));
  try {
    return mean_times(trace, skipped_runs);
  } catch (const std::exception& error) {
    return internal_error("ONNX Runtime's profile: {}", error.what());
  }
}

}  // namespace ridgeline::ort
