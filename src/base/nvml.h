#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace ridgeline {

struct Gpu {
  std::string name;  ///< "NVIDIA H100 80GB HBM3"
  int64_t memory_bytes = 0;
  std::string driver;  ///< version of the NVIDIA driver
};

/// The NVIDIA GPUs of this machine, in the order of "cuda:N" without CUDA_VISIBLE_DEVICES. kUnavailable, with
/// the reason, where there is no driver or it does not answer. The library is opened on the first call and
/// stays open.
Result<std::vector<Gpu>> list_gpus();

/// Bytes in use on GPU `index`, all processes together; null where NVML can't tell.
std::optional<int64_t> gpu_bytes_in_use(unsigned index);

}  // namespace ridgeline
