#include "base/cpu_features.h"

#include <algorithm>
#include <array>
#include <cpuid.h>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <sched.h>
#include <sstream>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"

namespace ridgeline {
namespace {

// Intel SDM volume 1, 13.1: which register states the operating system saves.
constexpr uint64_t kXcrYmm = 0x6;
constexpr uint64_t kXcrZmm = 0xe6;
constexpr uint64_t kXcrTiles = 0x60000;

struct Cpuid {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Cpuid cpuid(uint32_t leaf, uint32_t subleaf) {
  Cpuid regs;
  if (__get_cpuid_count(leaf, subleaf, &regs.eax, &regs.ebx, &regs.ecx, &regs.edx) == 0) return {};
  return regs;
}

bool bit(uint32_t value, int index) { return (value >> index & 1) != 0; }

uint64_t saved_register_states() {
  if (!bit(cpuid(1, 0).ecx, 27)) return 0;
  uint32_t low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<uint64_t>(high) << 32 | low;
}

bool request_amx_tiles() {
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM of asm/prctl.h, Linux 5.16
  constexpr long kTileData = 18;               // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

/// This process's path in the unified hierarchy, "" for the root or where there is none.
std::string own_cgroup() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("0::")) return line.substr(3) == "/" ? "" : line.substr(3);
  return "";
}

/// The smallest quota of this process's cgroup and its ancestors (version 2, else version 1).
std::optional<double> cgroup_quota() {
  std::optional<double> smallest;
  for (std::string group = own_cgroup();; group = group.substr(0, group.rfind('/'))) {
    const auto quota = parse_cpu_quota(first_line_of("/sys/fs/cgroup" + group + "/cpu.max"));
    if (quota) smallest = std::min(*quota, smallest.value_or(*quota));
    if (group.empty()) break;
  }
  if (smallest) return smallest;
  return parse_cpu_quota(first_line_of("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") + " " +
                         first_line_of("/sys/fs/cgroup/cpu/cpu.cfs_period_us"));
}

}  // namespace

std::string CpuFeatures::to_string() const {
  const std::array<std::pair<bool, const char*>, 12> flags = {{{avx2, "avx2"},
                                                               {fma, "fma"},
                                                               {avx512f, "avx512f"},
                                                               {avx512bw, "avx512bw"},
                                                               {avx512vl, "avx512vl"},
                                                               {avx512_vbmi, "avx512_vbmi"},
                                                               {avx512_vnni, "avx512_vnni"},
                                                               {avx512_bf16, "avx512_bf16"},
                                                               {avx512_fp16, "avx512_fp16"},
                                                               {amx_tile, "amx_tile"},
                                                               {amx_bf16, "amx_bf16"},
                                                               {amx_int8, "amx_int8"}}};
  std::string text;
  for (const auto& [present, name] : flags) {
    if (!present) continue;
    if (!text.empty()) text += ' ';
    text += name;
  }
  return text.empty() ? "none" : text;
}

CpuFeatures detect_cpu_features() {
  const uint64_t saved = saved_register_states();
  const Cpuid basic = cpuid(1, 0);
  const Cpuid extended = cpuid(7, 0);
  const Cpuid extended1 = cpuid(7, 1);
  const bool ymm = (saved & kXcrYmm) == kXcrYmm;
  const bool zmm = (saved & kXcrZmm) == kXcrZmm;
  CpuFeatures features;
  features.avx2 = ymm && bit(extended.ebx, 5);
  features.fma = ymm && bit(basic.ecx, 12);
  features.avx512f = zmm && bit(extended.ebx, 16);
  features.avx512bw = features.avx512f && bit(extended.ebx, 30);
  features.avx512vl = features.avx512f && bit(extended.ebx, 31);
  features.avx512_vbmi = features.avx512f && bit(extended.ecx, 1);
  features.avx512_vnni = features.avx512f && bit(extended.ecx, 11);
  features.avx512_bf16 = features.avx512f && bit(extended1.eax, 5);
  features.avx512_fp16 = features.avx512f && bit(extended.edx, 23);
  features.amx_tile = (saved & kXcrTiles) == kXcrTiles && bit(extended.edx, 24) && request_amx_tiles();
  features.amx_bf16 = features.amx_tile && bit(extended.edx, 22);
  features.amx_int8 = features.amx_tile && bit(extended.edx, 25);
  return features;
}

Result<CpuFeatures> limit_cpu_features(CpuFeatures features, std::string_view level) {
  if (level == "ref") return CpuFeatures{};
  if (level != "avx512" && level != "avx2")
    return invalid_argument("RIDGELINE_CPU is '{}': use avx512, avx2 or ref, or leave it unset", level);
  features.amx_tile = features.amx_bf16 = features.amx_int8 = false;
  if (level == "avx512") return features;
  CpuFeatures limited;
  limited.avx2 = features.avx2;
  limited.fma = features.fma;
  return limited;
}

Result<CpuFeatures> usable_cpu_features() {
  const char* level = std::getenv("RIDGELINE_CPU");
  if (level == nullptr || *level == '\0') return detect_cpu_features();
  return limit_cpu_features(detect_cpu_features(), level);
}

std::optional<double> parse_cpu_quota(std::string_view cpu_max) {
  std::istringstream text{std::string(cpu_max)};
  double quota_us = 0, period_us = 0;
  if (!(text >> quota_us >> period_us) || quota_us <= 0 || period_us <= 0) return std::nullopt;
  return quota_us / period_us;
}

int allowed_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int cpus = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  if (sched_getaffinity(0, sizeof(set), &set) == 0) cpus = CPU_COUNT(&set);
  if (const auto quota = cgroup_quota()) cpus = std::min(cpus, static_cast<int>(*quota));
  return std::max(cpus, 1);
}

}  // namespace ridgeline
