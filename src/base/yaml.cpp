#include "base/yaml.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <yaml-cpp/yaml.h>

#include "base/file.h"

namespace ridgeline {
namespace {

template <typename T>
std::optional<T> read_as(std::string_view text) {
  T value{};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

/// YAML's core schema: `text` as a number, or nothing.
Json number_of(std::string_view text) {
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.empty() || (digits.size() > 1 && digits[0] == '0' && digits[1] != '.')) return {};
  if (const auto natural = read_as<uint64_t>(text)) return *natural;
  if (const auto whole = read_as<int64_t>(text)) return *whole;
  const auto real = read_as<double>(text);
  return real && std::isfinite(*real) ? Json(*real) : Json();
}

Json scalar_of(const YAML::Node& node) {
  constexpr std::array<std::string_view, 3> kTrue = {"true", "True", "TRUE"};
  constexpr std::array<std::string_view, 3> kFalse = {"false", "False", "FALSE"};
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;
  if (text == "null" || text == "~" || text.empty()) return nullptr;
  if (std::ranges::find(kTrue, text) != kTrue.end()) return true;
  if (std::ranges::find(kFalse, text) != kFalse.end()) return false;
  Json number = number_of(text);
  return number.is_null() ? Json(text) : number;
}

/// Reads a tree; aliases may make it endless, or far larger than its text, so its size has a limit.
class Reader {
 public:
  Result<Json> read(const YAML::Node& node) {
    constexpr int kMostNodes = 100'000;
    constexpr int kDeepest = 64;
    const int line = node.Mark().line + 1;
    if (++nodes_ > kMostNodes || depth_ >= kDeepest)
      return invalid_argument("line {}: too large or deep", line);
    ++depth_;
    Result<Json> value = node.IsSequence() ? read_list(node)
                         : node.IsMap()    ? read_map(node)
                                           : Result<Json>(node.IsScalar() ? scalar_of(node) : Json());
    --depth_;
    return value;
  }

 private:
  Result<Json> read_list(const YAML::Node& node) {
    Json list = Json::array();
    for (const YAML::Node& entry : node) {
      ASSIGN_OR_RETURN(Json value, read(entry));
      list.push_back(std::move(value));
    }
    return list;
  }

  Result<Json> read_map(const YAML::Node& node) {
    Json map = Json::object();
    for (const auto& entry : node) {
      const int line = entry.first.Mark().line + 1;
      if (!entry.first.IsScalar()) return invalid_argument("line {}: a key must be a word", line);
      const std::string& key = entry.first.Scalar();
      if (map.contains(key)) return invalid_argument("line {}: '{}' stands twice", line, key);
      ASSIGN_OR_RETURN(map[key], read(entry.second));
    }
    return map;
  }

  int nodes_ = 0;
  int depth_ = 0;
};

bool reads_as_text(const std::string& text) {
  const Result<Json> read = parse_yaml(text, "");
  return read.ok() && *read == Json(text);
}

void emit(YAML::Emitter& out, const Json& value) {
  switch (value.type()) {
    case Json::value_t::object:
      out << YAML::BeginMap;
      for (const auto& [key, entry] : value.items()) {
        out << YAML::Key << key << YAML::Value;
        emit(out, entry);
      }
      out << YAML::EndMap;
      return;
    case Json::value_t::array:
      out << YAML::Flow << YAML::BeginSeq;
      for (const Json& entry : value) emit(out, entry);
      out << YAML::EndSeq;
      return;
    case Json::value_t::string: {
      const auto& text = value.get_ref<const std::string&>();
      if (!reads_as_text(text)) out << YAML::DoubleQuoted;
      out << text;
      return;
    }
    case Json::value_t::null:
      out << YAML::Null;
      return;
    default:
      out << value.dump();
  }
}

}  // namespace

Result<Json> parse_yaml(std::string_view text, std::string_view what) {
  try {
    Result<Json> document = Reader().read(YAML::Load(std::string(text)));
    if (!document.ok()) return std::move(document).status().with_context(what);
    return document;
  } catch (const YAML::Exception& error) {
    return invalid_argument("{}: line {}: {}", what, error.mark.line + 1, error.msg);
  }
}

Result<Json> read_yaml(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, read_file(path));
  return parse_yaml(text, path);
}

std::string to_yaml(const Json& document) {
  YAML::Emitter out;
  emit(out, document);
  return std::string(out.c_str()) + "\n";
}

}  // namespace ridgeline
