#include "base/measured_peaks.h"

#include <algorithm>

namespace ridgeline {
namespace {

// Raised whenever a probe changes what it measures, so that figures of older probes are not reused.
constexpr int kVersion = 2;

}  // namespace

const ComputePeak* MeasuredPeaks::compute_peak(std::string_view precision, int thread_count) const {
  const ComputePeak* best = nullptr;
  for (const ComputePeak& peak : compute)
    if (peak.precision == precision && peak.threads == thread_count &&
        (best == nullptr || peak.flops_per_s > best->flops_per_s))
      best = &peak;
  return best;
}

const MemoryPeak* MeasuredPeaks::memory_peak(std::string_view level, int thread_count) const {
  const auto found = std::ranges::find_if(
      memory, [&](const MemoryPeak& peak) { return peak.level == level && peak.threads == thread_count; });
  return found == memory.end() ? nullptr : &*found;
}

void MeasuredPeaks::keep_best(const MeasuredPeaks& other) {
  for (ComputePeak& peak : compute)
    for (const ComputePeak& seen : other.compute)
      if (seen.precision == peak.precision && seen.isa == peak.isa && seen.threads == peak.threads &&
          seen.flops_per_s > peak.flops_per_s)
        peak = seen;
  for (MemoryPeak& peak : memory)
    for (const MemoryPeak& seen : other.memory)
      if (seen.level == peak.level && seen.threads == peak.threads) {
        peak.read_bytes_per_s = std::max(peak.read_bytes_per_s, seen.read_bytes_per_s);
        peak.triad_bytes_per_s = std::max(peak.triad_bytes_per_s, seen.triad_bytes_per_s);
      }
}

Json to_json(const MeasuredPeaks& peaks) {
  Json document{{"version", kVersion},      {"cpu", peaks.cpu},       {"features", peaks.features},
                {"threads", peaks.threads}, {"method", peaks.method}, {"compute", Json::array()},
                {"memory", Json::array()}};
  for (const ComputePeak& peak : peaks.compute)
    document["compute"].push_back({{"precision", peak.precision},
                                   {"isa", peak.isa},
                                   {"threads", peak.threads},
                                   {"flops_per_s", peak.flops_per_s},
                                   {"median_flops_per_s", peak.median_flops_per_s}});
  for (const MemoryPeak& peak : peaks.memory)
    document["memory"].push_back({{"level", peak.level},
                                  {"bytes_per_thread", peak.bytes_per_thread},
                                  {"threads", peak.threads},
                                  {"read_bytes_per_s", peak.read_bytes_per_s},
                                  {"triad_bytes_per_s", peak.triad_bytes_per_s}});
  return document;
}

Result<MeasuredPeaks> measured_peaks_from_json(const Json& document, std::string_view what) {
  try {
    if (document.at("version").get<int>() != kVersion)
      return invalid_argument("{}: measured by another version of the probes; measure again", what);
    MeasuredPeaks peaks{
        document.at("cpu"), document.at("features"), document.at("threads"), document.at("method"), {}, {}};
    for (const Json& row : document.at("compute"))
      peaks.compute.push_back({row.at("precision"), row.at("isa"), row.at("threads"), row.at("flops_per_s"),
                               row.at("median_flops_per_s")});
    for (const Json& row : document.at("memory"))
      peaks.memory.push_back({row.at("level"), row.at("bytes_per_thread"), row.at("threads"),
                              row.at("read_bytes_per_s"), row.at("triad_bytes_per_s")});
    return peaks;
  } catch (const Json::exception& error) {
    return invalid_argument("{}: not a file of measured peaks ({}); measure again", what, error.what());
  }
}

}  // namespace ridgeline
