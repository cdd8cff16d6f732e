#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ridgeline::bench {

/// Bytes in use on "cuda:N", all processes together, as NVML counts them. Null for other devices, and where
/// there is no NVIDIA driver. The library is opened on the first call and stays open.
std::optional<int64_t> gpu_bytes_in_use(std::string_view device);

/// "NVIDIA H100 80GB HBM3"; null as above.
std::optional<std::string> gpu_name(std::string_view device);

}  // namespace ridgeline::bench
