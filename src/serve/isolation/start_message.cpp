#include "serve/isolation/start_message.h"

#include "serve/config/json.h"
#include "serve/config/parse.h"

namespace ridgeline::serve {
namespace {

constexpr std::string_view kWhat = "what is said about a model";

Json json_of(const std::vector<NamedShapes>& shapes) {
  Json listed = Json::array();
  for (const NamedShapes& named : shapes) {
    Json dims = Json::object();
    for (const auto& [name, shape] : named) dims[name] = shape.dims();
    listed.push_back(std::move(dims));
  }
  return listed;
}

std::vector<NamedShapes> shapes_from(const Json& listed) {
  std::vector<NamedShapes> shapes;
  for (const Json& dims : listed) {
    NamedShapes& named = shapes.emplace_back();
    for (const auto& [name, sizes] : dims.items()) named[name] = Shape(sizes.get<std::vector<int64_t>>());
  }
  return shapes;
}

}  // namespace

std::string config_text(const ModelConfig& config) {
  return config_json(config).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<ModelConfig> config_from_text(const std::string& text) {
  ParsedConfig parsed = parse_config_json(text, std::string(kWhat));
  if (parsed.config) return *std::move(parsed.config);
  RETURN_IF_ERROR(first_error(parsed.findings));
  return invalid_argument("{}: is no configuration", kWhat);
}

Json to_json(const InstanceStart& start) {
  return {{"config", config_text(start.source.config)},
          {"model_path", start.source.model_path},
          {"version", start.source.version},
          {"version_path", start.source.version_path},
          {"warm", json_of(start.source.warm)},
          {"instance", start.place.name},
          {"kind", start.place.kind},
          {"device", start.place.device},
          {"threads", start.place.threads},
          {"complete", start.complete},
          {"again", start.again}};
}

Result<InstanceStart> instance_start_from_json(std::string_view text) {
  ASSIGN_OR_RETURN(const Json json, parse_json(text, kWhat));
  InstanceStart start;
  try {
    ASSIGN_OR_RETURN(start.source.config, config_from_text(json.at("config")));
    json.at("model_path").get_to(start.source.model_path);
    json.at("version").get_to(start.source.version);
    json.at("version_path").get_to(start.source.version_path);
    start.source.warm = shapes_from(json.at("warm"));
    json.at("instance").get_to(start.place.name);
    json.at("kind").get_to(start.place.kind);
    json.at("device").get_to(start.place.device);
    json.at("threads").get_to(start.place.threads);
    json.at("complete").get_to(start.complete);
    json.at("again").get_to(start.again);
  } catch (const Json::exception& error) {
    return invalid_argument("{}: {}", kWhat, error.what());
  }
  return start;
}

}  // namespace ridgeline::serve
