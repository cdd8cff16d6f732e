#include "cost/devices.h"

#include <algorithm>
#include <cctype>
#include <fmt/ranges.h>
#include <vector>

namespace ridgeline::cost {
namespace {

constexpr double kTera = 1e12;
constexpr double kGiga = 1e9;
constexpr const char* kTensorCores = "tensor cores";

struct TeraPeaks {
  double fp32 = 0, tf32 = 0, fp16 = 0, bf16 = 0, int8 = 0;  // 0: the device has no such units
};

struct Row {
  Device device;
  std::string nvml_name;  ///< normalized, where our own name does not say it
};

Row row(const char* name, const TeraPeaks& peaks, double gigabytes_per_s, double gigabytes,
        const char* source) {
  Device device{name, {}, gigabytes_per_s * kGiga, gigabytes * kGiga, kTensorCores, source};
  const std::pair<const char*, double> by_precision[] = {{"fp32", peaks.fp32},
                                                         {"tf32", peaks.tf32},
                                                         {"fp16", peaks.fp16},
                                                         {"bf16", peaks.bf16},
                                                         {"int8", peaks.int8}};
  for (const auto& [precision, tera] : by_precision)
    if (tera > 0) device.peak_flops.emplace(precision, tera * kTera);
  return {std::move(device), ""};
}

Row without_tensor_cores(Row row) {
  row.device.units = "CUDA cores, packed FP16 and DP4A";
  return row;
}

Row also_called(Row row, const char* nvml_name) {
  row.nvml_name = nvml_name;
  return row;
}

constexpr const char* kVolta = "NVIDIA V100 Tensor Core GPU datasheet (2020)";
constexpr const char* kAmpere = "NVIDIA A100 Tensor Core GPU datasheet (2022)";
constexpr const char* kHopper =
    "NVIDIA H100 Tensor Core GPU Architecture whitepaper, dense; HBM by the datasheet";
constexpr const char* kHopperNvl =
    "NVIDIA H100 Tensor Core GPU datasheet, dense (half of the sparse figures)";
constexpr const char* kHopper200 =
    "NVIDIA H200 Tensor Core GPU datasheet, dense (half of the sparse figures)";

// The most common variant of a family comes first: it is what a bare "v100" or "h100" means.
std::vector<Row> make_rows() {
  return {
      row("A10", {31.2, 62.5, 125, 125, 250}, 600, 24, "NVIDIA A10 Tensor Core GPU datasheet (2021)"),
      row("A30", {10.3, 82, 165, 165, 330}, 933, 24, "NVIDIA A30 Tensor Core GPU datasheet (2022)"),
      row("A100 SXM4 80GB", {19.5, 156, 312, 312, 624}, 2039, 80, kAmpere),
      row("A100 SXM4 40GB", {19.5, 156, 312, 312, 624}, 1555, 40,
          "NVIDIA A100 Tensor Core GPU Architecture whitepaper (2020)"),
      row("A100 PCIe 80GB", {19.5, 156, 312, 312, 624}, 1935, 80, kAmpere),
      row("A100 PCIe 40GB", {19.5, 156, 312, 312, 624}, 1555, 40, "NVIDIA A100 PCIe product brief (2020)"),
      also_called(row("V100 SXM2", {.fp32 = 15.7, .fp16 = 125}, 900, 16, kVolta), "v100sxm216gb"),
      row("V100 PCIe", {.fp32 = 14, .fp16 = 112}, 900, 16, kVolta),
      row("V100S PCIe", {.fp32 = 16.4, .fp16 = 130}, 1134, 32, kVolta),
      row("T4", {.fp32 = 8.1, .fp16 = 65, .int8 = 130}, 320, 16,
          "NVIDIA T4 Tensor Core GPU datasheet (2019)"),
      without_tensor_cores(
          row("GTX 1650", {.fp32 = 2.98, .fp16 = 5.97, .int8 = 11.9}, 128, 4,
              "NVIDIA GeForce GTX 1650 (GDDR5) specifications: 896 cores × 1665 MHz boost × 2 "
              "FLOPs; FP16 at twice and DP4A at four times the FP32 rate (Turing TU117)")),
      row("RTX 3060", {12.7, 12.7, 51, 25.5, 102}, 360, 12,
          "NVIDIA GeForce RTX 3060 specifications: 3584 cores × 1777 MHz boost × 2 FLOPs; FP16 with FP16 "
          "accumulate at 4 times that, BF16 with FP32 accumulate at 2 times (Ampere GA106)"),
      row("RTX 3090", {35.6, 35.6, 142, 71, 284}, 936, 24,
          "NVIDIA Ampere GA102 GPU Architecture whitepaper; FP16 with FP16, BF16 with FP32 accumulate"),
      row("RTX 4060", {15.1, 15.1, 60.5, 30.2, 121}, 272, 8,
          "NVIDIA GeForce RTX 4060 specifications: 3072 cores × 2460 MHz boost × 2 FLOPs; FP16 with FP16 "
          "accumulate at 4 times that, BF16 and FP16 with FP32 accumulate at 2 times (Ada AD107)"),
      row("RTX 4090", {82.6, 82.6, 330.3, 165.2, 660.6}, 1008, 24,
          "NVIDIA Ada GPU Architecture whitepaper; FP16 with FP16 accumulate, BF16 with FP32 accumulate"),
      row("L4", {30.3, 60, 121, 121, 242}, 300, 24, "NVIDIA L4 Tensor Core GPU datasheet, dense (2023)"),
      row("L40S", {91.6, 183, 362, 362, 733}, 864, 48, "NVIDIA L40S GPU datasheet, dense (2023)"),
      also_called(row("H100 SXM", {66.9, 494.7, 989.4, 989.4, 1978.9}, 3350, 80, kHopper), "h10080gbhbm3"),
      row("H100 PCIe", {51.2, 378, 756, 756, 1513}, 2000, 80, kHopper),
      row("H100 NVL", {60, 417.5, 835.5, 835.5, 1670.5}, 3900, 94, kHopperNvl),
      row("H200 SXM", {66.9, 494.7, 989.4, 989.4, 1978.9}, 4800, 141, kHopper200),
      row("H200 NVL", {60, 417.5, 835.5, 835.5, 1670.5}, 4800, 141, kHopper200),
  };
}

const std::vector<Row>& rows() {
  static const std::vector<Row> kTable = make_rows();
  return kTable;
}

/// Lower case letters and digits only, without the words that NVML puts before a model.
std::string normalized(std::string_view name) {
  std::string text;
  for (const char c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      text += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const std::string_view word : {"nvidia", "tesla", "geforce"})
    if (text.starts_with(word)) text.erase(0, word.size());
  return text;
}

}  // namespace

Result<Roof> Device::roof(std::string_view precision) const {
  const auto peak = peak_flops.find(precision);
  if (peak != peak_flops.end()) return Roof{peak->second, bytes_per_s};
  std::vector<std::string> known;
  for (const auto& [name_of_peak, flops] : peak_flops) known.push_back(name_of_peak);
  return unsupported("{} has no {} peak; it has {}", name, precision, fmt::join(known, ", "));
}

std::span<const Device> published_devices() {
  static const std::vector<Device> kDevices = [] {
    std::vector<Device> all;
    for (const Row& row : rows()) all.push_back(row.device);
    return all;
  }();
  return kDevices;
}

Result<Device> find_device(std::string_view name) {
  const std::string wanted = normalized(name);
  const auto is_exact = [&](const Row& row) {
    return !wanted.empty() && (normalized(row.device.name) == wanted || row.nvml_name == wanted);
  };
  const auto is_family = [&](const Row& row) {
    const std::string family = row.device.name.substr(0, row.device.name.find(' '));
    return family.find_first_of("0123456789") != std::string::npos && normalized(family) == wanted;
  };
  auto found = std::ranges::find_if(rows(), is_exact);
  if (found == rows().end()) found = std::ranges::find_if(rows(), is_family);
  if (found != rows().end()) return found->device;
  std::vector<std::string> names;
  for (const Row& row : rows()) names.push_back(row.device.name);
  return not_found("no device '{}': use host or one of {}", name, fmt::join(names, ", "));
}

Result<Device> host_device(const MeasuredPeaks& peaks, int threads) {
  const MemoryPeak* dram = peaks.memory_peak("DRAM", threads);
  if (dram == nullptr || peaks.compute_peak("fp32", threads) == nullptr)
    return not_found("no peaks were measured with {} threads: measure again", threads);
  Device host{"host", {}, std::max(dram->read_bytes_per_s, dram->triad_bytes_per_s), 0, "", peaks.method};
  for (const ComputePeak& peak : peaks.compute) {
    const ComputePeak* best = peaks.compute_peak(peak.precision, threads);
    if (best != &peak) continue;
    host.peak_flops.emplace(peak.precision, peak.flops_per_s);
    host.units += fmt::format("{}{} {}", host.units.empty() ? "" : ", ", peak.precision, peak.isa);
  }
  return host;
}

}  // namespace ridgeline::cost
