#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace ridgeline::serve {

/// SHA-256: clients choose what is hashed, and a forged collision would hand one client's answer to another.
using ContentKey = std::array<uint8_t, 32>;

/// Hashes a request's content part by part. Every part goes in with its length, so that no two different
/// sequences of parts are one. One thread at a time.
class ContentHash {
 public:
  ContentHash();
  ~ContentHash();
  ContentHash(const ContentHash&) = delete;
  ContentHash& operator=(const ContentHash&) = delete;

  ContentHash& add(std::span<const std::byte> part);
  ContentHash& add(std::string_view part);
  ContentHash& add(int64_t number);
  /// Of all parts so far. Ends the hash: nothing may be added after it.
  ContentKey key();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ridgeline::serve
