#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ridgeline::kernels {

struct CacheLevel {
  int level = 1;
  int64_t bytes = 0;
  int sharing_cpus = 1;
};

/// CPUs in a kernel list such as "0-3,8": 5. 0 for text that is no such list.
int count_cpu_list(const std::string& list);

/// CPU 0's data and unified caches, innermost first, as the kernel tells them under `cpu_directory`
/// (/sys/devices/system/cpu/cpu0). Empty where it does not.
std::vector<CacheLevel> read_cache_levels(const std::string& cpu_directory);

}  // namespace ridgeline::kernels
