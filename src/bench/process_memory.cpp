#include "bench/process_memory.h"

#include <fstream>
#include <limits>
#include <string>

namespace ridgeline::bench {

std::optional<ProcessMemory> memory_of(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  ProcessMemory memory;
  bool found = false;
  for (std::string key; status >> key;) {
    int64_t kib = 0;
    if ((key == "VmHWM:" || key == "VmRSS:") && status >> kib) {
      (key == "VmRSS:" ? memory.resident_bytes : memory.peak_bytes) = kib * 1024;
      found = true;
    }
    status.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return found ? std::optional(memory) : std::nullopt;
}

int64_t kernel_oom_kills() {
  std::ifstream counters("/proc/vmstat");
  int64_t value = 0;
  for (std::string key; counters >> key >> value;)
    if (key == "oom_kill") return value;
  return 0;
}

}  // namespace ridgeline::bench
