#include "bench/config.h"

#include <charconv>
#include <functional>
#include <map>
#include <sstream>

namespace ridgeline::bench {
namespace {

template <typename T>
Result<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return invalid_argument("'{}' is not a number", text);
  return value;
}

std::string text_of(const Json& value) {
  if (value.is_null()) return "";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// The entries of a sequence, or of one string with commas.
std::vector<std::string> entries_of(const Json& value) {
  std::vector<std::string> entries;
  if (value.is_array()) {
    for (const Json& entry : value) entries.push_back(text_of(entry));
    return entries;
  }
  std::istringstream stream(text_of(value));
  for (std::string entry; std::getline(stream, entry, ',');)
    if (!entry.empty()) entries.push_back(entry);
  return entries;
}

template <typename T, typename Parse>
Status set_list(const Json& value, std::vector<T>& field, Parse parse) {
  std::vector<T> parsed;
  for (const std::string& entry : entries_of(value)) {
    ASSIGN_OR_RETURN(T element, parse(entry));
    parsed.push_back(std::move(element));
  }
  if (parsed.empty()) return invalid_argument("the list is empty");
  field = std::move(parsed);
  return {};
}

template <typename T>
Status set_number(const Json& value, T& field, T least) {
  ASSIGN_OR_RETURN(const T number, parse_number<T>(text_of(value)));
  if (!(number >= least)) return invalid_argument("{} is less than {}", number, least);
  field = number;
  return {};
}

template <typename T>
auto number_from(T least) {
  return [least](const std::string& text) -> Result<T> {
    T number{};
    RETURN_IF_ERROR(set_number<T>(Json(text), number, least));
    return number;
  };
}

Result<std::string> as_is(const std::string& text) { return text; }

Status set_baseline(const Json& value, RaceConfig& config) {
  const std::string text = text_of(value);
  const size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size())
    return invalid_argument("'{}' is not ENGINE:PRECISION, such as libtorch:fp32", text);
  config.baseline = {text.substr(0, colon), text.substr(colon + 1)};
  return {};
}

Status set_shard(const Json& value, RaceConfig& config) {
  const std::string text = text_of(value);
  const size_t slash = text.find('/');
  const std::string_view view = text;
  if (slash == std::string::npos) return invalid_argument("'{}' is not I/N, such as 1/4", text);
  ASSIGN_OR_RETURN(const size_t index, parse_number<size_t>(view.substr(0, slash)));
  ASSIGN_OR_RETURN(const size_t count, parse_number<size_t>(view.substr(slash + 1)));
  if (index < 1 || index > count) return invalid_argument("'{}': I goes from 1 to N", text);
  config.shard = {index, count};
  return {};
}

Status set_flag(const Json& value, bool& field) {
  if (!value.is_boolean()) return invalid_argument("takes true or false");
  field = value.get<bool>();
  return {};
}

using Setter = std::function<Status(const Json&, RaceConfig&)>;

const std::map<std::string, Setter>& setters() {
  using C = RaceConfig;
  static const std::map<std::string, Setter> kSetters = {
      {"model",
       [](const Json& v, C& c) {
         c.model = text_of(v);
         return Status();
       }},
      {"engines", [](const Json& v, C& c) { return set_list(v, c.engines, as_is); }},
      {"precisions", [](const Json& v, C& c) { return set_list(v, c.precisions, as_is); }},
      {"sizes", [](const Json& v, C& c) { return set_list(v, c.sizes, parse_size); }},
      {"batches", [](const Json& v, C& c) { return set_list(v, c.batches, number_from<int64_t>(1)); }},
      {"devices", [](const Json& v, C& c) { return set_list(v, c.devices, as_is); }},
      {"threads", [](const Json& v, C& c) { return set_list(v, c.threads, number_from<int>(0)); }},
      {"data", [](const Json& v, C& c) { return set_list(v, c.data, as_is); }},
      {"baseline", set_baseline},
      {"runs", [](const Json& v, C& c) { return set_number(v, c.runs, 1); }},
      {"warmup", [](const Json& v, C& c) { return set_number(v, c.warmup, 0); }},
      {"rounds", [](const Json& v, C& c) { return set_number(v, c.rounds, 1); }},
      {"timeout", [](const Json& v, C& c) { return set_number(v, c.timeout_s, 0.01); }},
      {"memory_limit", [](const Json& v, C& c) { return set_number<int64_t>(v, c.memory_limit_mb, 0); }},
      {"max_time", [](const Json& v, C& c) { return set_number(v, c.max_time_s, 0.0); }},
      {"seed", [](const Json& v, C& c) { return set_number<uint64_t>(v, c.seed, 0); }},
      {"out",
       [](const Json& v, C& c) {
         c.out = text_of(v);
         return Status();
       }},
      {"resume", [](const Json& v, C& c) { return set_flag(v, c.resume); }},
      {"shard", set_shard},
  };
  return kSetters;
}

std::string known_keys() {
  std::string keys;
  for (const auto& [key, setter] : setters()) keys += keys.empty() ? key : ", " + key;
  return keys;
}

}  // namespace

Result<ImageSize> parse_size(std::string_view text) {
  const size_t cross = text.find('x');
  const std::string_view first = text.substr(0, cross);
  const std::string_view second = cross == std::string_view::npos ? first : text.substr(cross + 1);
  const Result<int64_t> height = parse_number<int64_t>(first);
  const Result<int64_t> width = parse_number<int64_t>(second);
  if (!height.ok() || !width.ok() || *height < 1 || *width < 1)
    return invalid_argument("'{}' is not a size such as 224 or 224x320", text);
  return ImageSize{*height, *width};
}

std::string to_string(const ImageSize& size) {
  return size.height == size.width ? fmt::format("{}", size.height)
                                   : fmt::format("{}x{}", size.height, size.width);
}

Status apply_settings(const Json& settings, std::string_view what, RaceConfig& config) {
  if (!settings.is_object()) return invalid_argument("{}: holds no KEY: VALUE lines", what);
  for (const auto& [key, value] : settings.items()) {
    const auto setter = setters().find(key);
    if (setter == setters().end())
      return invalid_argument("{}: unknown key '{}'; known are {}", what, key, known_keys());
    RETURN_IF_ERROR(setter->second(value, config).with_context(fmt::format("{}: {}", what, key)));
  }
  return {};
}

Json fingerprint(const RaceConfig& config) {
  Json sizes = Json::array();
  for (const ImageSize& size : config.sizes) sizes.push_back(to_string(size));
  return {{"model", config.model},
          {"engines", config.engines},
          {"precisions", config.precisions},
          {"sizes", sizes},
          {"batches", config.batches},
          {"devices", config.devices},
          {"threads", config.threads},
          {"data", config.data},
          {"baseline", config.baseline.name()},
          {"runs", config.runs},
          {"warmup", config.warmup},
          {"rounds", config.rounds},
          {"seed", config.seed},
          {"shard", fmt::format("{}/{}", config.shard.index, config.shard.count)}};
}

}  // namespace ridgeline::bench
