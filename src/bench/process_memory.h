#pragma once

#include <cstdint>
#include <optional>
#include <sys/types.h>

namespace ridgeline::bench {

/// Resident memory of a process as Linux counts it.
struct ProcessMemory {
  int64_t resident_bytes = 0;
  int64_t peak_bytes = 0;  ///< the largest that resident_bytes ever was
};

/// Null when the process is gone.
std::optional<ProcessMemory> memory_of(pid_t pid);

/// How many processes the kernel has killed for want of memory since it started.
int64_t kernel_oom_kills();

}  // namespace ridgeline::bench
