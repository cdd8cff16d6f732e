#include "serve/http/endpoints/endpoints.h"
#include "serve/http/endpoints/exchange.h"
#include "serve/http/response_text.h"
#include "serve/observe/metrics.h"
#include "serve/observe/status_json.h"
#include "serve/status_page.h"

namespace ridgeline::serve::http {
namespace {

Response page(std::string content_type, std::string body) {
  Response response;
  response.content_type = std::move(content_type);
  response.head = std::move(body);
  return response;
}

Result<Response> metrics(Service& service) {
  ASSIGN_OR_RETURN(const std::vector<ModelReport> reports, service.statistics("", ""));
  return page(kMetricsContentType, metrics_text(reports, service.machine()));
}

Result<Response> status(const Identity& identity, Service& service) {
  ASSIGN_OR_RETURN(const std::vector<ModelReport> reports, service.statistics("", ""));
  Json document = {{"name", identity.name}, {"version", identity.version}, {"ready", service.ready()}};
  document.update(status_json(service.index(false), reports, service.machine()));
  return json_response(document.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Result<Response> answer(std::string_view path, const Identity& identity, Service& service) {
  if (path == "/metrics") return metrics(service);
  if (path == "/status") return status(identity, service);
  if (path == "/") return page("text/html; charset=utf-8", kStatusPage);
  return not_found("Not Found");
}

}  // namespace

Handler observation_handler(const Identity& identity, Service& service) {
  return [identity, &service](const std::shared_ptr<const Request>& request, const Reply& reply) {
    const std::string_view path = request->target().substr(0, request->target().find('?'));
    if (request->method() != "GET") return reply(error_response(405, "Method Not Allowed"));
    const Result<Response> response = answer(path, identity, service);
    reply(response.ok() ? *response : response_of(response.status()));
  };
}

}  // namespace ridgeline::serve::http
