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

Result<Response> metrics(Service& service, const CustomMetrics* custom) {
  ASSIGN_OR_RETURN(const std::vector<ModelReport> reports, service.statistics("", ""));
  std::string text = metrics_text(reports, service.machine());
  if (custom != nullptr) text += custom->text();
  return page(kMetricsContentType, std::move(text));
}

Result<Response> status(const Identity& identity, Service& service,
                        const std::vector<wire::http::IndexEntry>& index) {
  ASSIGN_OR_RETURN(const std::vector<ModelReport> reports, service.statistics("", ""));
  Json document = {{"name", identity.name}, {"version", identity.version}, {"ready", service.ready()}};
  document.update(status_json(index, reports, service.machine()));
  return json_response(document.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Result<Response> answer(std::string_view path, Service& service, const CustomMetrics* custom) {
  if (path == "/metrics") return metrics(service, custom);
  if (path == "/") return page("text/html; charset=utf-8", kStatusPage);
  return not_found("Not Found");
}

}  // namespace

Handler observation_handler(const Identity& identity, Service& service,
                            std::shared_ptr<const CustomMetrics> metrics) {
  return [identity, &service, metrics = std::move(metrics)](const std::shared_ptr<const Request>& request,
                                                            const Reply& reply) {
    const std::string_view path = request->target().substr(0, request->target().find('?'));
    if (request->method() != "GET") return reply(error_response(405, "Method Not Allowed"));
    const auto send = [reply](const Result<Response>& response) {
      reply(response.ok() ? *response : response_of(response.status()));
    };
    if (path != "/status") return send(answer(path, service, metrics.get()));
    service.index([identity, &service, send](const std::vector<wire::http::IndexEntry>& index) {
      send(status(identity, service, index));
    });
  };
}

}  // namespace ridgeline::serve::http
