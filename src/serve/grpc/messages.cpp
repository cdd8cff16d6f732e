#include "serve/grpc/messages.h"

#include <google/protobuf/util/json_util.h>

#include "base/json.h"

namespace ridgeline::serve::grpc {
namespace {

using inference::LogSettingsRequest;
using inference::ModelRepositoryParameter;

/// As the HTTP protocol writes it: null clears, levels are a list, all others a text.
Result<Json> trace_value(const std::string& name, const inference::TraceSettingRequest::SettingValue& value) {
  if (value.value().empty()) return Json(nullptr);
  if (name == "trace_level")
    return Json(std::vector<std::string>(value.value().begin(), value.value().end()));
  if (value.value_size() > 1) return invalid_argument("expect only 1 value for '{}'", name);
  return Json(value.value(0));
}

Json log_value(const LogSettingsRequest::SettingValue& value) {
  switch (value.parameter_choice_case()) {
    case LogSettingsRequest::SettingValue::kBoolParam:
      return value.bool_param();
    case LogSettingsRequest::SettingValue::kUint32Param:
      return value.uint32_param();
    case LogSettingsRequest::SettingValue::kStringParam:
      return value.string_param();
    default:
      return nullptr;
  }
}

}  // namespace

Status fill(google::protobuf::Message& message, const std::string& json) {
  const auto filled = google::protobuf::util::JsonStringToMessage(json, &message);
  if (filled.ok()) return {};
  return internal_error("{}: {}", message.GetTypeName(), std::string(filled.message()));
}

Status check_repository(const std::string& name) {
  if (name.empty()) return {};
  return unsupported("'repository_name' specification is not supported");
}

Result<wire::http::LoadRequest> load_request_of(const RepositoryParameters& parameters) {
  constexpr std::string_view kFile = "file:";
  constexpr std::string_view kWrongType = "invalid value type for load parameter";
  wire::http::LoadRequest request;
  for (const auto& [name, value] : parameters) {
    if (name == "config") {
      if (!value.has_string_param())
        return invalid_argument("{} '{}', expected string_param.", kWrongType, name);
      request.config = value.string_param();
    } else if (name.starts_with(kFile)) {
      if (!value.has_bytes_param())
        return invalid_argument("{} '{}', expected bytes_param.", kWrongType, name);
      request.files.emplace_back(name.substr(kFile.size()), value.bytes_param());
    } else {
      return invalid_argument("load parameter '{}' is not known: it is 'config' or 'file:<path>'", name);
    }
  }
  return request;
}

Result<bool> unloads_dependents(const RepositoryParameters& parameters) {
  const auto found = parameters.find("unload_dependents");
  if (found == parameters.end()) return false;
  if (!found->second.has_bool_param())
    return invalid_argument("invalid value type for 'unload_dependents' parameter, expected bool_param.");
  return found->second.bool_param();
}

inference::RepositoryIndexResponse message_of(std::span<const wire::http::IndexEntry> entries) {
  inference::RepositoryIndexResponse message;
  for (const wire::http::IndexEntry& entry : entries) {
    auto& to = *message.add_models();
    to.set_name(entry.name);
    to.set_version(entry.version);
    to.set_state(entry.state);
    to.set_reason(entry.reason);
  }
  return message;
}

inference::SystemSharedMemoryStatusResponse message_of(std::span<const SharedMemoryRegion> regions) {
  inference::SystemSharedMemoryStatusResponse message;
  for (const SharedMemoryRegion& region : regions) {
    auto& to = (*message.mutable_regions())[region.name];
    to.set_name(region.name);
    to.set_key(region.key);
    to.set_offset(region.offset);
    to.set_byte_size(region.byte_size);
  }
  return message;
}

Status update(const inference::TraceSettingRequest& request, const wire::http::TraceSettings& defaults,
              wire::http::TraceSettings& settings) {
  Json body = Json::object();
  for (const auto& [name, value] : request.settings()) {
    ASSIGN_OR_RETURN(body[name], trace_value(name, value));
  }
  return wire::http::update_trace_settings(body.dump(), defaults, settings);
}

Status update(const LogSettingsRequest& request, wire::http::LogSettings& settings) {
  Json body = Json::object();
  for (const auto& [name, value] : request.settings()) body[name] = log_value(value);
  return wire::http::update_log_settings(body.dump(), settings);
}

inference::TraceSettingResponse message_of(const wire::http::TraceSettings& settings) {
  inference::TraceSettingResponse message;
  const Json document = Json::parse(wire::http::encode_trace_settings(settings));
  for (const auto& [name, value] : document.items()) {
    auto& to = (*message.mutable_settings())[name];
    for (const Json& element : value.is_array() ? value : Json::array({value}))
      to.add_value(element.get<std::string>());
  }
  return message;
}

inference::LogSettingsResponse message_of(const wire::http::LogSettings& settings) {
  inference::LogSettingsResponse message;
  const Json document = Json::parse(wire::http::encode_log_settings(settings));
  for (const auto& [name, value] : document.items()) {
    auto& to = (*message.mutable_settings())[name];
    if (value.is_boolean()) {
      to.set_bool_param(value.get<bool>());
    } else if (value.is_number()) {
      to.set_uint32_param(value.get<uint32_t>());
    } else {
      to.set_string_param(value.get<std::string>());
    }
  }
  return message;
}

}  // namespace ridgeline::serve::grpc
