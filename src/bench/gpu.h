#pragma once

#include <optional>
#include <string_view>

namespace ridgeline::bench {

/// N of "cuda:N"; null for every other device.
std::optional<unsigned> gpu_index(std::string_view device);

}  // namespace ridgeline::bench
