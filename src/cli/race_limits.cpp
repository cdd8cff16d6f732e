#include "cli/race_limits.h"

#include "base/cpu_features.h"
#include "base/nvml.h"
#include "bench/gpu.h"
#include "cost/limits.h"
#include "engine/model_precision.h"
#include "kernels/probes/measure.h"

namespace ridgeline::cli {
namespace {

constexpr const char* kCpu = "cpu";

/// bf16x3 is FP32 by three BF16 products, so of the FLOPs that a model is said to have it can do a third as
/// many.
void add_split_precision(cost::Device& device) {
  if (const auto bf16 = device.peak_flops.find("bf16"); bf16 != device.peak_flops.end())
    device.peak_flops["bf16x3"] = bf16->second / 3;
}

std::optional<std::string> gpu_name(std::string_view device) {
  const auto index = bench::gpu_index(device);
  const Result<std::vector<Gpu>> gpus = list_gpus();
  if (!index || !gpus.ok() || *index >= gpus->size()) return std::nullopt;
  return (*gpus)[*index].name;
}

double element_bytes(Precision precision) {
  switch (precision) {
    case Precision::kFp16:
    case Precision::kBf16:
      return 2;
    case Precision::kInt8:
      return 1;
    default:
      return 4;
  }
}

/// A model that is FP32 in its file holds narrower tensors when an engine lowers it; others run as they are.
double byte_share(const Graph& graph, const bench::Cell& cell) {
  if (stored_precision(graph) != Precision::kFp32) return 1;
  return element_bytes(precision_from_name(cell.precision).value_or(Precision::kFp32)) /
         element_bytes(Precision::kFp32);
}

}  // namespace

std::vector<cost::TimedLayers> timed_layers(std::span<const OpTime> ops) {
  std::vector<cost::TimedLayers> lines;
  for (const OpTime& op : ops) lines.push_back({op.name, op.mean_us * 1e-6});
  return lines;
}

Result<RaceLimits> RaceLimits::find(const bench::RaceConfig& config, const CancelToken& cancel) {
  RaceLimits limits;
  for (const std::string& name : config.devices) {
    if (const auto gpu = gpu_name(name)) {
      Result<cost::Device> known = cost::find_device(*gpu);
      if (!known.ok()) continue;  // a GPU without published figures here: its rows have no percentage
      add_split_precision(*known);
      limits.devices_[{name, 0}] = std::move(known).value();
    }
    if (name != kCpu) continue;
    ASSIGN_OR_RETURN(const CpuFeatures features, usable_cpu_features());
    for (const int asked : config.threads) {
      const int threads = asked == 0 ? allowed_cpus() : asked;
      ASSIGN_OR_RETURN(const MeasuredPeaks peaks,
                       kernels::cached_peaks({features, threads, cancel}, /*again=*/true));
      ASSIGN_OR_RETURN(cost::Device host, cost::host_device(peaks, threads));
      add_split_precision(host);
      limits.devices_[{name, threads}] = std::move(host);
    }
  }
  return limits;
}

const cost::Device* RaceLimits::device_of(const bench::Cell& cell) const {
  const auto found = devices_.find({cell.device, cell.device == kCpu ? cell.threads : 0});
  return found == devices_.end() ? nullptr : &found->second;
}

bench::Peaks RaceLimits::peaks_of(const bench::Cell& cell) const {
  const cost::Device* device = device_of(cell);
  if (device == nullptr) return {};
  const auto peak = device->peak_flops.find(cell.precision);
  if (peak == device->peak_flops.end()) return {};
  if (cell.device == kCpu) return {peak->second, std::nullopt};
  return {std::nullopt, peak->second};
}

std::optional<bench::CostOfCase> RaceLimits::cost_of(const Graph& graph, const InputShapes& input_shapes,
                                                     const bench::Cell& cell) const {
  const Result<TypeMap> types = infer_types(graph, input_shapes, DataSizes::kLargest);
  if (!types.ok()) return std::nullopt;
  const cost::Analysis analysis = cost::analyze(graph, *types);
  if (!analysis.uncounted.empty()) return std::nullopt;
  cost::Work work = analysis.total;
  const double share = byte_share(graph, cell);
  work.bytes_read *= share;
  work.bytes_written *= share;
  bench::CostOfCase cost{work.flops, work.bytes(), ""};
  if (const cost::Device* device = device_of(cell))
    cost.bound = name_of(cost::limit_of(work, cell.precision, *device).bound);
  return cost;
}

std::vector<std::optional<bench::OpCost>> RaceLimits::op_costs(const Graph& graph,
                                                               const InputShapes& input_shapes,
                                                               const bench::Cell& cell,
                                                               std::span<const OpTime> ops) const {
  std::vector<std::optional<bench::OpCost>> costs(ops.size());
  const Result<TypeMap> types = infer_types(graph, input_shapes, DataSizes::kLargest);
  if (!types.ok()) return costs;
  const cost::Analysis analysis = cost::analyze(graph, *types);
  if (!analysis.uncounted.empty()) return costs;
  const cost::Attainment attained = cost::attain(graph, *types, analysis, timed_layers(ops));
  for (size_t i = 0; i < ops.size(); ++i)
    if (const cost::Attained& part = attained.parts[i]; !part.layers.empty())
      costs[i] = bench::OpCost{part.flops, part.bytes * byte_share(graph, cell)};
  return costs;
}

Json RaceLimits::describe() const {
  Json devices = Json::object();
  for (const auto& [key, device] : devices_) {
    Json description = cost::to_json(device);
    description["source"] = device.source;
    if (key.first == kCpu) description["threads"] = key.second;
    devices[key.first] = std::move(description);
  }
  return devices;
}

}  // namespace ridgeline::cli
