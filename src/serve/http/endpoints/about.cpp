#include "serve/http/endpoints/about.h"

#include <set>

#include "serve/config/json.h"
#include "serve/http/response_text.h"
#include "wire/http/metadata.h"

namespace ridgeline::serve::http {
namespace {

Response empty(int status) {
  Response response;
  response.status = status;
  response.content_type = "text/plain";
  return response;
}

/// Bytes that are not UTF-8, which clients and files may hold, are replaced.
Response json_response(const Json& document) {
  return http::json_response(document.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

Response server_live() { return empty(200); }

Response server_ready(const Service& service) { return empty(service.ready() ? 200 : 400); }

Response server_metadata(const Identity& identity) {
  return http::json_response(
      wire::http::encode_server_metadata(identity.name, identity.version, kExtensions));
}

Response model_ready(const Exchange& exchange, const Service& service) {
  if (service.model_ready(exchange.model(), exchange.version())) return empty(200);
  return error_response(400, "Model version not ready");
}

Response model_names(const Service& service) {
  std::set<std::string> names;
  for (const wire::http::IndexEntry& entry : service.ready_versions()) names.insert(entry.name);
  return json_response(Json{{"models", names}});
}

Result<Response> model_metadata(const Exchange& exchange, const Service& service) {
  ASSIGN_OR_RETURN(const ServedModel model, service.model(exchange.model(), exchange.version()));
  return http::json_response(
      wire::http::encode_model_metadata(*model.signature, model.versions, model.config->shown_platform()));
}

Result<Response> model_config(const Exchange& exchange, const Service& service) {
  ASSIGN_OR_RETURN(const ServedModel model, service.model(exchange.model(), exchange.version()));
  return json_response(config_json(*model.config));
}

Result<Response> statistics(const Exchange& exchange, const Service& service) {
  ASSIGN_OR_RETURN(const std::vector<ModelReport> reports,
                   service.statistics(exchange.model(), exchange.version()));
  return json_response(statistics_json(reports));
}

}  // namespace ridgeline::serve::http
