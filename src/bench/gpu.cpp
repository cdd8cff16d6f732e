#include "bench/gpu.h"

#include <charconv>

namespace ridgeline::bench {

std::optional<unsigned> gpu_index(std::string_view device) {
  constexpr std::string_view kPrefix = "cuda:";
  if (!device.starts_with(kPrefix)) return std::nullopt;
  const std::string_view number = device.substr(kPrefix.size());
  unsigned index = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), index);
  if (error != std::errc() || end != number.data() + number.size()) return std::nullopt;
  return index;
}

}  // namespace ridgeline::bench
