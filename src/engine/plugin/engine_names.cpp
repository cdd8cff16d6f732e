#include <array>
#include <utility>

#include "engine/engine.h"

namespace ridgeline {

namespace {

template <typename Enum, size_t count>
using NameTable = std::array<std::pair<Enum, std::string_view>, count>;

constexpr NameTable<Precision, 5> kPrecisions = {{{Precision::kFp32, "fp32"},
                                                  {Precision::kFp16, "fp16"},
                                                  {Precision::kBf16, "bf16"},
                                                  {Precision::kBf16x3, "bf16x3"},
                                                  {Precision::kInt8, "int8"}}};
constexpr NameTable<ThreadingMode, 2> kThreadingModes = {
    {{ThreadingMode::kLatency, "latency"}, {ThreadingMode::kThroughput, "throughput"}}};

template <typename Enum, size_t count>
std::string_view name_in(const NameTable<Enum, count>& table, Enum value) {
  for (const auto& [entry, name] : table) {
    if (entry == value) return name;
  }
  return "unknown";
}

template <typename Enum, size_t count>
std::optional<Enum> value_in(const NameTable<Enum, count>& table, std::string_view name) {
  for (const auto& [entry, entry_name] : table) {
    if (entry_name == name) return entry;
  }
  return std::nullopt;
}

}  // namespace

std::string_view name_of(Precision precision) { return name_in(kPrecisions, precision); }
std::optional<Precision> precision_from_name(std::string_view name) { return value_in(kPrecisions, name); }
std::string_view name_of(ThreadingMode mode) { return name_in(kThreadingModes, mode); }
std::optional<ThreadingMode> threading_mode_from_name(std::string_view name) {
  return value_in(kThreadingModes, name);
}

}  // namespace ridgeline
