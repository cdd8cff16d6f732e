#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace ridgeline::serve {

/// The machine at one moment, as metrics show it.
struct MachineUse {
  double cpu_utilization = 0;  ///< share of all cores' time since the moment before, 0 to 1
  uint64_t memory_total_bytes = 0;
  uint64_t memory_used_bytes = 0;  ///< what could not be had without swapping
};

/// Time of all cores since the machine started, in ticks.
struct CpuTicks {
  uint64_t busy = 0;
  uint64_t total = 0;
};

/// From the text of /proc/stat.
Result<CpuTicks> parse_cpu_ticks(std::string_view proc_stat);
/// The memory of `use`, from the text of /proc/meminfo.
Status parse_memory(std::string_view proc_meminfo, MachineUse& use);

/// Utilization between two readings; 0 where no time has passed.
double utilization_between(const CpuTicks& before, const CpuTicks& now);

/// Reads this machine. `before` is the last reading, and becomes this one.
Result<MachineUse> read_machine(CpuTicks& before);

}  // namespace ridgeline::serve
