#include "wire/bytes.h"

#include <cstring>

namespace ridgeline::wire {
namespace {

constexpr size_t kLengthBytes = sizeof(uint32_t);

uint32_t length_at(const std::byte* at) {
  uint32_t length;
  std::memcpy(&length, at, kLengthBytes);
  return length;
}

}  // namespace

std::optional<std::string_view> take_string(std::span<const std::byte>& rest) {
  if (rest.size() < kLengthBytes) return std::nullopt;
  const uint32_t length = length_at(rest.data());
  if (rest.size() - kLengthBytes < length) return std::nullopt;
  const std::string_view text(reinterpret_cast<const char*>(rest.data()) + kLengthBytes, length);
  rest = rest.subspan(kLengthBytes + length);
  return text;
}

void append_string(std::vector<std::byte>& tensor, std::string_view text) {
  const auto length = static_cast<uint32_t>(text.size());
  const auto* length_bytes = reinterpret_cast<const std::byte*>(&length);
  tensor.insert(tensor.end(), length_bytes, length_bytes + kLengthBytes);
  const auto* text_bytes = reinterpret_cast<const std::byte*>(text.data());
  tensor.insert(tensor.end(), text_bytes, text_bytes + text.size());
}

Status check_strings(std::span<const std::byte> tensor, uint64_t count, std::string_view input) {
  uint64_t found = 0;
  for (; !tensor.empty(); ++found) {
    if (found == count)
      return invalid_argument(
          "unexpected number of string elements {} for inference input '{}', expecting {}", count + 1, input,
          count);
    if (take_string(tensor)) continue;
    if (tensor.size() < kLengthBytes)
      return invalid_argument(
          "incomplete string length indicator for inference input '{}', expecting {} bytes but only {} bytes "
          "available",
          input, kLengthBytes, tensor.size());
    return invalid_argument(
        "incomplete string data for inference input '{}', expecting string of length {} but only {} bytes "
        "available",
        input, length_at(tensor.data()), tensor.size() - kLengthBytes);
  }
  if (found != count)
    return invalid_argument("expected {} strings for inference input '{}', got {}", count, input, found);
  return {};
}

}  // namespace ridgeline::wire
