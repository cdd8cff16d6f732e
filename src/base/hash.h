#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/rng.h"

namespace ridgeline {

/// 64 bits of `bytes`, the same on every little-endian machine: words of eight bytes, stirred in turn by
/// SplitMix64. Tells equal content apart from unequal; no protection against those who forge it.
inline uint64_t hash_bytes(std::string_view bytes, uint64_t seed = 0) {
  uint64_t state = seed ^ bytes.size();
  for (size_t i = 0; i < bytes.size(); i += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, bytes.size() - i < sizeof(word) ? bytes.size() - i : sizeof(word));
    state = Rng(state ^ word).next();
  }
  return state;
}

}  // namespace ridgeline
