#include "cli/device_text.h"

#include <fmt/core.h>

namespace ridgeline::cli {

std::string peaks_text(const MeasuredPeaks& peaks) {
  std::string text =
      fmt::format("  {:<10}{:<10}{:>8}{:>14}{:>14}\n", "precision", "by", "threads", "GFLOP/s", "median");
  for (const ComputePeak& peak : peaks.compute)
    text += fmt::format("  {:<10}{:<10}{:>8}{:>14.1f}{:>14.1f}\n", peak.precision, peak.isa, peak.threads,
                        peak.flops_per_s / 1e9, peak.median_flops_per_s / 1e9);
  text += fmt::format("  {:<10}{:>10}{:>8}{:>14}{:>14}\n", "memory", "KiB each", "threads", "read GB/s",
                      "triad GB/s");
  for (const MemoryPeak& peak : peaks.memory)
    text += fmt::format("  {:<10}{:>10}{:>8}{:>14.1f}{:>14.1f}\n", peak.level, peak.bytes_per_thread >> 10,
                        peak.threads, peak.read_bytes_per_s / 1e9, peak.triad_bytes_per_s / 1e9);
  return text;
}

std::string devices_text(std::span<const cost::Device> devices) {
  constexpr const char* kPrecisions[] = {"fp32", "tf32", "fp16", "bf16", "int8"};
  std::string text = fmt::format("{:<16}", "TFLOP/s, dense");
  for (const char* precision : kPrecisions) text += fmt::format("{:>8}", precision);
  text += fmt::format("{:>8}{:>6}  {}\n", "GB/s", "GB", "source");
  for (const cost::Device& device : devices) {
    text += fmt::format("{:<16}", device.name);
    for (const char* precision : kPrecisions) {
      const auto peak = device.peak_flops.find(precision);
      text += peak == device.peak_flops.end() ? fmt::format("{:>8}", "-")
                                              : fmt::format("{:>8.4g}", peak->second / 1e12);
    }
    text += fmt::format("{:>8.0f}{:>6.0f}  {}\n", device.bytes_per_s / 1e9, device.memory_bytes / 1e9,
                        device.source);
  }
  return text;
}

}  // namespace ridgeline::cli
