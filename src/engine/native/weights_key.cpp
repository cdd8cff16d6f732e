#include "engine/native/weights_key.h"

#include <fmt/format.h>
#include <xxh_x86dispatch.h>  // XXH3 by the widest vectors that the CPU has

#include "base/build_id.h"

namespace ridgeline::native {
namespace {

WeightsKey from(const XXH128_hash_t& hash) { return {hash.high64, hash.low64}; }

}  // namespace

std::string WeightsKey::to_string() const { return fmt::format("{:016x}{:016x}", high, low); }

WeightsKey key_of(std::string_view layout, std::span<const std::byte> plain) {
  const WeightsKey content = checksum_of(plain);
  const std::string whole = fmt::format("{}|{}|{}", build_id(), layout, content.to_string());
  return from(XXH3_128bits(whole.data(), whole.size()));
}

WeightsKey checksum_of(std::span<const std::byte> bytes) {
  return from(XXH3_128bits(bytes.data(), bytes.size()));
}

}  // namespace ridgeline::native
