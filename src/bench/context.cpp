#include "bench/context.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <limits>
#include <numeric>
#include <sys/utsname.h>
#include <unistd.h>
#include <vector>

#include "base/cpu_features.h"
#include "base/file.h"
#include "base/version.h"
#include "bench/statistics.h"

namespace ridgeline::bench {
namespace {

using Clock = std::chrono::steady_clock;

/// The value of the first "key<separator>value" line.
std::string field_of(const std::string& path, const std::string& key, char separator) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const size_t at = line.find(separator);
    if (at == std::string::npos) continue;
    const size_t start = line.find_first_not_of(" \t\"", at + 1);
    if (start == std::string::npos) continue;
    return line.substr(start, line.find_last_not_of(" \t\"") + 1 - start);
  }
  return "";
}

/// As it was typed, but for quotes.
std::string command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string line{std::istreambuf_iterator<char>(file), {}};
  while (!line.empty() && line.back() == '\0') line.pop_back();
  std::replace(line.begin(), line.end(), '\0', ' ');
  return line;
}

std::string time_now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

/// Clock ticks since boot of all CPUs together.
struct CpuTicks {
  double all = 0;
  double stolen = 0;
};

CpuTicks cpu_ticks() {
  constexpr int kStolenColumn = 7, kColumns = 8;  // the guest columns after it are counted in the first two
  std::ifstream file("/proc/stat");
  std::string label;
  file >> label;
  CpuTicks ticks;
  double value = 0;
  for (int column = 0; column < kColumns && file >> value; ++column) {
    ticks.all += value;
    if (column == kStolenColumn) ticks.stolen = value;
  }
  return ticks;
}

double arithmetic_us() {
  constexpr int kSteps = 20000;
  const auto start = Clock::now();
  volatile double sink = 1;
  double value = sink;
  for (int i = 0; i < kSteps; ++i) value = value * 0.999 + 0.001;
  sink = value;
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

Json describe_cpu() {
  Json cpu = {{"model", field_of("/proc/cpuinfo", "model name", ':')},
              {"cores", sysconf(_SC_NPROCESSORS_ONLN)},
              {"threads", allowed_cpus()},
              {"features", detect_cpu_features().to_string()}};
  const std::string governor = first_line_of("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  if (!governor.empty()) cpu["governor"] = governor;
  return cpu;
}

}  // namespace

Json describe_machine() {
  utsname system{};
  uname(&system);
  double load[3] = {};
  const bool loaded = getloadavg(load, 3) == 3;
  const double memory =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE));
  Json machine = {{"ridgeline", kVersion},
                  {"command", command_line()},
                  {"time", time_now()},
                  {"host", system.nodename},
                  {"os", field_of("/etc/os-release", "PRETTY_NAME", '=')},
                  {"kernel", system.release},
                  {"cpu", describe_cpu()},
                  {"memory_mb", std::round(memory / 1e6)}};
  if (loaded) machine["load_average"] = {load[0], load[1], load[2]};
  return machine;
}

Json probe_noise(double seconds) {
  const CpuTicks before = cpu_ticks();
  const auto end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  std::vector<double> times_us;
  do times_us.push_back(arithmetic_us());
  while (Clock::now() < end);
  const Summary summary = summarize(times_us);
  const CpuTicks after = cpu_ticks();
  const double ticks = std::max(1.0, after.all - before.all);
  return {{"spin_p50_us", summary.p50},
          {"spin_p99_us", summary.p99},
          {"steal_pct", 100 * (after.stolen - before.stolen) / ticks}};
}

Json describe_engines(const EngineTable& engines) {
  Json versions = Json::object();
  for (const auto& [name, facts] : engines)
    versions[name] = facts.capabilities.available ? facts.version : "absent: " + facts.capabilities.reason;
  return versions;
}

}  // namespace ridgeline::bench
