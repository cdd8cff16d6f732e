#include "kernels/probes/caches.h"

#include <algorithm>
#include <sstream>

#include "base/file.h"

namespace ridgeline::kernels {
namespace {

/// "48K" or "2M" in bytes; 0 for anything else.
int64_t parse_size(const std::string& text) {
  std::istringstream stream(text);
  int64_t value = 0;
  char unit = 'B';
  stream >> value >> unit;
  if (unit == 'K') return value << 10;
  if (unit == 'M') return value << 20;
  return value;
}

}  // namespace

int count_cpu_list(const std::string& list) {
  std::istringstream stream(list);
  int cpus = 0;
  for (std::string range; std::getline(stream, range, ',');) {
    std::istringstream ends(range);
    int first = 0, last = 0;
    char dash = 0;
    if (!(ends >> first)) return 0;
    last = first;
    if (ends >> dash >> last && dash != '-') return 0;
    cpus += std::max(last - first + 1, 0);
  }
  return cpus;
}

std::vector<CacheLevel> read_cache_levels(const std::string& cpu_directory) {
  std::vector<CacheLevel> levels;
  for (int index = 0;; ++index) {
    const std::string folder = cpu_directory + "/cache/index" + std::to_string(index) + "/";
    const std::string type = first_line_of(folder + "type");
    if (type.empty()) break;
    const CacheLevel level{static_cast<int>(parse_size(first_line_of(folder + "level"))),
                           parse_size(first_line_of(folder + "size")),
                           std::max(count_cpu_list(first_line_of(folder + "shared_cpu_list")), 1)};
    if (type != "Instruction" && level.bytes > 0) levels.push_back(level);
  }
  std::ranges::sort(levels, {}, &CacheLevel::level);
  return levels;
}

}  // namespace ridgeline::kernels
