#include "cli/race_limits.h"

#include "base/cpu_features.h"
#include "bench/gpu.h"
#include "cost/limits.h"
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

}  // namespace

Result<RaceLimits> RaceLimits::find(const bench::RaceConfig& config, const CancelToken& cancel) {
  RaceLimits limits;
  for (const std::string& name : config.devices) {
    if (const auto gpu = bench::gpu_name(name)) {
      Result<cost::Device> known = cost::find_device(*gpu);
      if (!known.ok()) continue;  // a GPU without published figures here: its rows have no percentage
      add_split_precision(*known);
      limits.devices_[{name, 0}] = std::move(known).value();
    }
    if (name != kCpu) continue;
    ASSIGN_OR_RETURN(const CpuFeatures features, usable_cpu_features());
    for (const int asked : config.threads) {
      const int threads = asked == 0 ? allowed_cpus() : asked;
      ASSIGN_OR_RETURN(const MeasuredPeaks peaks, kernels::cached_peaks({features, threads, cancel}, false));
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
