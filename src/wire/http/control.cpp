#include "wire/http/control.h"

#include <charconv>
#include <limits>

#include "wire/http/base64.h"
#include "wire/http/json_field.h"
#include "wire/http/json_writer.h"

namespace ridgeline::wire::http {
namespace {

constexpr JsonField kUnnamed{""};

Status parse(std::string_view body, JsonDocument& document) {
  return body.empty() ? Status() : document.parse(body, TensorLists::kNone);
}

/// A member that is there and not null.
const JsonValue* given(const JsonValue& object, std::string_view name) {
  const JsonValue* found = member(object, name);
  return found != nullptr && !found->is(JsonValue::Kind::kNull) ? found : nullptr;
}

Status update_flag(const JsonValue& object, std::string_view name, bool& flag) {
  if (const JsonValue* value = given(object, name)) {
    ASSIGN_OR_RETURN(flag, kUnnamed.boolean(*value));
  }
  return {};
}

/// A number that a trace setting holds as text.
template <typename T>
Status update_number(const JsonValue& object, std::string_view name, T cleared, T& number) {
  const JsonValue* value = member(object, name);
  if (value == nullptr) return {};
  if (value->is(JsonValue::Kind::kNull)) {
    number = cleared;
    return {};
  }
  ASSIGN_OR_RETURN(const std::string_view text, kUnnamed.text(*value));
  T parsed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (error == std::errc::result_out_of_range)
    return invalid_argument("Unable to parse '{}', value is out of range [ {}, {} ], got: {}", name,
                            std::is_signed_v<T> ? T(-1) : T(0), std::numeric_limits<T>::max(), text);
  if (error != std::errc() || end != text.data() + text.size())
    return invalid_argument("Unable to parse '{}', got: {}", name, text);
  if (std::is_signed_v<T> && parsed < T(-1))
    return invalid_argument("Unable to parse '{}'. Expecting value >= -1, got:{}", name, text);
  number = parsed;
  return {};
}

Status update_levels(const JsonValue& object, const TraceSettings& defaults, TraceSettings& settings) {
  const JsonValue* levels = member(object, "trace_level");
  if (levels == nullptr) return {};
  if (levels->is(JsonValue::Kind::kNull)) {
    settings.timestamps = defaults.timestamps;
    settings.tensors = defaults.tensors;
    return {};
  }
  if (!levels->is(JsonValue::Kind::kList)) return internal_error("attempt to access JSON non-array as array");
  settings.timestamps = settings.tensors = false;
  for (const JsonValue& level : levels->elements()) {
    ASSIGN_OR_RETURN(const std::string_view name, kUnnamed.text(level));
    if (name == "OFF" && levels->size() > 1)
      return invalid_argument("Expect only one trace level 'OFF' is specified");
    settings.timestamps |= name == "TIMESTAMPS";
    settings.tensors |= name == "TENSORS";
  }
  return {};
}

}  // namespace

Result<bool> decode_index_request(std::string_view body) {
  JsonDocument document;
  RETURN_IF_ERROR(parse(body, document));
  const JsonValue* ready = member(document.root(), "ready");
  if (ready == nullptr) return false;
  if (!ready->is(JsonValue::Kind::kBoolean))
    return invalid_argument("Invalid value for 'ready': expected a boolean");
  return ready->boolean();
}

Result<LoadRequest> decode_load_request(std::string_view body) {
  constexpr std::string_view kFile = "file:";
  JsonDocument document;
  RETURN_IF_ERROR(parse(body, document));
  LoadRequest request;
  const JsonValue* parameters = member(document.root(), "parameters");
  if (parameters == nullptr) return request;
  if (!parameters->is(JsonValue::Kind::kObject))
    return internal_error("attempt to get members for non-object");
  for (const auto& [name, value] : parameters->members()) {
    ASSIGN_OR_RETURN(const std::string_view text, kUnnamed.text(value));
    if (name == "config") {
      request.config = text;
    } else if (name.starts_with(kFile)) {
      std::optional<std::string> content = decode_base64(text);
      if (!content) return invalid_argument("'{}' is not valid base64", name);
      request.files.emplace_back(name.substr(kFile.size()), std::move(*content));
    } else {
      return invalid_argument("load parameter '{}' is not known: it is 'config' or 'file:<path>'", name);
    }
  }
  return request;
}

Result<bool> decode_unload_request(std::string_view body) {
  JsonDocument document;
  RETURN_IF_ERROR(parse(body, document));
  const JsonValue* parameters = member(document.root(), "parameters");
  const JsonValue* dependents = parameters ? member(*parameters, "unload_dependents") : nullptr;
  return dependents ? JsonField{"unload_dependents"}.boolean(*dependents) : Result<bool>(false);
}

Result<RegisterRequest> decode_register_request(std::string_view body) {
  JsonDocument document;
  RETURN_IF_ERROR(document.parse(body, TensorLists::kNone));
  RegisterRequest request;
  const JsonValue* key = member(document.root(), "key");
  if (key == nullptr) return invalid_argument("Shared memory register request has no 'key' field");
  ASSIGN_OR_RETURN(request.key, kUnnamed.text(*key));
  if (const JsonValue* offset = member(document.root(), "offset")) {
    ASSIGN_OR_RETURN(request.offset, kUnnamed.natural(*offset));
  }
  const JsonValue* size = member(document.root(), "byte_size");
  if (size == nullptr) return invalid_argument("Shared memory register request has no 'byte_size' field");
  ASSIGN_OR_RETURN(request.byte_size, kUnnamed.natural(*size));
  return request;
}

std::string encode_log_settings(const LogSettings& settings) {
  JsonWriter json;
  json.StartObject();
  json.member("log_file", settings.file);
  for (const auto& [name, on] : {std::pair("log_info", settings.info),
                                 {"log_warning", settings.warning},
                                 {"log_error", settings.error}}) {
    json.key(name);
    json.Bool(on);
  }
  json.key("log_verbose_level");
  json.Uint64(settings.verbose_level);
  json.member("log_format", settings.format);
  json.EndObject();
  return json.take();
}

Status update_log_settings(std::string_view body, LogSettings& settings) {
  JsonDocument document;
  RETURN_IF_ERROR(document.parse(body, TensorLists::kNone));
  const JsonValue& root = document.root();
  LogSettings changed = settings;
  if (given(root, "log_file") != nullptr)
    return unsupported("log file location can not be updated through network protocol");
  RETURN_IF_ERROR(update_flag(root, "log_info", changed.info));
  RETURN_IF_ERROR(update_flag(root, "log_warning", changed.warning));
  RETURN_IF_ERROR(update_flag(root, "log_error", changed.error));
  if (const JsonValue* level = given(root, "log_verbose_level")) {
    ASSIGN_OR_RETURN(changed.verbose_level, kUnnamed.natural(*level));
  }
  if (const JsonValue* format = given(root, "log_format")) {
    ASSIGN_OR_RETURN(changed.format, kUnnamed.text(*format));
    if (changed.format != "default" && changed.format != "ISO8601")
      return unavailable("invalid argument for --log_format, got: {}", changed.format);
  }
  settings = std::move(changed);
  return {};
}

std::string encode_trace_settings(const TraceSettings& settings) {
  JsonWriter json;
  json.StartObject();
  json.key("trace_level");
  json.StartArray();
  if (!settings.timestamps && !settings.tensors) json.text("OFF");
  if (settings.timestamps) json.text("TIMESTAMPS");
  if (settings.tensors) json.text("TENSORS");
  json.EndArray();
  json.member("trace_rate", std::to_string(settings.rate));
  json.member("trace_count", std::to_string(settings.count));
  if (settings.mode == "triton") {
    json.member("log_frequency", std::to_string(settings.log_frequency));
    json.member("trace_file", settings.file);
  }
  json.member("trace_mode", settings.mode);
  json.EndObject();
  return json.take();
}

Status update_trace_settings(std::string_view body, const TraceSettings& defaults, TraceSettings& settings) {
  JsonDocument document;
  RETURN_IF_ERROR(document.parse(body, TensorLists::kNone));
  const JsonValue& root = document.root();
  TraceSettings changed = settings;
  if (member(root, "trace_file") != nullptr)
    return unsupported("trace file location can not be updated through network protocol");
  RETURN_IF_ERROR(update_levels(root, defaults, changed));
  RETURN_IF_ERROR(update_number(root, "trace_rate", defaults.rate, changed.rate));
  RETURN_IF_ERROR(update_number(root, "trace_count", defaults.count, changed.count));
  RETURN_IF_ERROR(update_number(root, "log_frequency", defaults.log_frequency, changed.log_frequency));
  settings = std::move(changed);
  return {};
}

}  // namespace ridgeline::wire::http
