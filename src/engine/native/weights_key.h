#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ridgeline::native {

/// Names packed weights by what they follow from: this program's code, how they are packed and the plain
/// weights. 128 bits of XXH3: equal keys mean equal bytes.
struct WeightsKey {
  uint64_t high = 0, low = 0;
  auto operator<=>(const WeightsKey&) const = default;

  /// 32 digits.
  std::string to_string() const;
};

/// Of `plain` weights packed as `layout` tells.
WeightsKey key_of(std::string_view layout, std::span<const std::byte> plain);
/// Of the bytes themselves.
WeightsKey checksum_of(std::span<const std::byte> bytes);

}  // namespace ridgeline::native
