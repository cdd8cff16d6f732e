#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

/// The fields of a frame's body, one after another: numbers little-endian and unaligned, texts with a u32
/// length before them.
namespace ridgeline::serve {

class Packer {
 public:
  template <typename T>
    requires std::is_arithmetic_v<T>
  void put(T value) {
    const auto* bytes = reinterpret_cast<const std::byte*>(&value);
    body_.insert(body_.end(), bytes, bytes + sizeof value);
  }
  /// Shorter than 4 GiB.
  void put_text(std::string_view text) {
    put(static_cast<uint32_t>(text.size()));
    const auto bytes = std::as_bytes(std::span(text));
    body_.insert(body_.end(), bytes.begin(), bytes.end());
  }

  std::span<const std::byte> body() const { return body_; }

 private:
  std::vector<std::byte> body_;
};

/// Takes fields off a body that another process wrote. Past the first that is cut short everything is 0 or
/// empty and ok() is false, so one look at the end, and within loops, is enough.
class Unpacker {
 public:
  explicit Unpacker(std::span<const std::byte> body) : rest_(body) {}

  template <typename T>
    requires std::is_arithmetic_v<T>
  T take() {
    T value{};
    if (const auto bytes = next(sizeof value); ok_) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  /// Points into the body.
  std::string_view take_text() {
    const auto bytes = next(take<uint32_t>());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  bool ok() const { return ok_; }
  /// Nothing was cut short, and nothing is left.
  bool finished() const { return ok_ && rest_.empty(); }

 private:
  std::span<const std::byte> next(size_t count) {
    if (!ok_ || count > rest_.size()) {
      ok_ = false;
      return {};
    }
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

  std::span<const std::byte> rest_;
  bool ok_ = true;
};

}  // namespace ridgeline::serve
