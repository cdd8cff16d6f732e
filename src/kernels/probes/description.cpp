#include "kernels/probes/description.h"

#include <fmt/format.h>
#include <fstream>
#include <map>

#include "kernels/probes/caches.h"

namespace ridgeline::kernels {
namespace {

/// The fields of the first processor in /proc/cpuinfo.
std::map<std::string, std::string> first_processor() {
  std::map<std::string, std::string> fields;
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line) && !line.empty();) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos || colon + 2 > line.size()) continue;
    fields[line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1)] = line.substr(colon + 2);
  }
  return fields;
}

}  // namespace

std::string describe_cpu() {
  std::map<std::string, std::string> fields = first_processor();
  std::string text = fmt::format("{}, family {} model {} stepping {}", fields["model name"],
                                 fields["cpu family"], fields["model"], fields["stepping"]);
  for (const CacheLevel& cache : read_cache_levels("/sys/devices/system/cpu/cpu0"))
    text += fmt::format(", L{} {} KiB", cache.level, cache.bytes >> 10);
  return text;
}

}  // namespace ridgeline::kernels
