#pragma once

namespace ridgeline::train {

/// Large CPU tensors of this process keep their memory from one step to the next, on huge pages: every step
/// frees and asks for the same sizes, while the C library hands blocks of over 32 MiB back to the kernel,
/// whose fresh 4 KiB pages then cost ResNet-18 at batch 32 a fifth of its time. Call before the first tensor
/// is made; once is enough. Thread-safe.
void keep_memory_of_large_tensors();

/// Returns what no tensor holds, as when a run ends and the next has other sizes. Thread-safe.
void release_kept_memory();

}  // namespace ridgeline::train
