#include "bench/gpu.h"

#include <charconv>

#include "base/nvml.h"

namespace ridgeline::bench {
namespace {

/// N of "cuda:N"; null for other devices.
std::optional<unsigned> index_of(std::string_view device) {
  constexpr std::string_view kPrefix = "cuda:";
  if (!device.starts_with(kPrefix)) return std::nullopt;
  unsigned index = 0;
  const std::string_view number = device.substr(kPrefix.size());
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), index);
  if (parsed.ec != std::errc()) return std::nullopt;
  return index;
}

}  // namespace

std::optional<int64_t> gpu_bytes_in_use(std::string_view device) {
  const auto index = index_of(device);
  return index ? ridgeline::gpu_bytes_in_use(*index) : std::nullopt;
}

std::optional<std::string> gpu_name(std::string_view device) {
  const auto index = index_of(device);
  const auto gpus = list_gpus();
  if (!index || !gpus.ok() || *index >= gpus->size()) return std::nullopt;
  return (*gpus)[*index].name;
}

}  // namespace ridgeline::bench
