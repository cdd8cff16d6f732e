#include "cli/host_peaks.h"

#include <algorithm>

#include "base/cpu_features.h"
#include "bench/gpu.h"
#include "cost/devices.h"
#include "kernels/probes/measure.h"

namespace ridgeline::cli {
namespace {

Json describe_cpu_peaks(const MeasuredPeaks& peaks, int threads) {
  Json peak_flops = Json::object();
  for (const ComputePeak& measured : peaks.compute)
    if (const ComputePeak* best = peaks.compute_peak(measured.precision, threads))
      peak_flops[measured.precision] = best->flops_per_s;
  // bf16x3 is FP32 by three BF16 products: a third of the BF16 rate in the FLOPs that a model is said to
  // have.
  if (peak_flops.contains("bf16")) peak_flops["bf16x3"] = peak_flops["bf16"].get<double>() / 3;
  const MemoryPeak* memory = peaks.memory_peak("DRAM", threads);
  return {{"name", peaks.cpu},
          {"source", "measured by " + peaks.method},
          {"threads", threads},
          {"peak_flops", std::move(peak_flops)},
          {"bandwidth", memory != nullptr ? memory->read_bytes_per_s : 0.0}};
}

std::optional<double> peak_in(const Json& device, const std::string& precision) {
  const double peak = device.value(Json::json_pointer("/peak_flops/" + precision), 0.0);
  return peak > 0 ? std::optional(peak) : std::nullopt;
}

}  // namespace

Result<RaceLimits> RaceLimits::find(const bench::RaceConfig& config, const CancelToken& cancel) {
  RaceLimits limits;
  for (const std::string& device : config.devices) {
    if (const auto name = bench::gpu_name(device)) {
      const Result<cost::Device> known = cost::find_device(*name);
      if (!known.ok()) continue;
      limits.devices_[device] = {{"name", known->name},
                                 {"source", known->source},
                                 {"peak_flops", Json(known->peak_flops)},
                                 {"bandwidth", known->bytes_per_s}};
    }
    if (device != "cpu") continue;
    std::vector<int> counts = config.threads;
    std::replace(counts.begin(), counts.end(), 0, allowed_cpus());
    std::sort(counts.begin(), counts.end());
    ASSIGN_OR_RETURN(const CpuFeatures features, usable_cpu_features());
    for (const int threads : counts) {
      ASSIGN_OR_RETURN(const MeasuredPeaks peaks, kernels::cached_peaks({features, threads, cancel}, false));
      limits.devices_[device] = describe_cpu_peaks(peaks, threads);
      limits.cpu_by_threads_[std::to_string(threads)] = limits.devices_[device];
    }
  }
  return limits;
}

bench::Peaks RaceLimits::peaks_of(const bench::Cell& cell) const {
  if (cell.device == "cpu")
    return {peak_in(cpu_by_threads_.value(std::to_string(cell.threads), Json::object()), cell.precision),
            std::nullopt};
  return {std::nullopt, peak_in(devices_.value(cell.device, Json::object()), cell.precision)};
}

}  // namespace ridgeline::cli
