#include "serve/http/endpoints/control.h"

#include "wire/http/control.h"
#include "wire/http/metadata.h"

namespace ridgeline::serve::http {
namespace {

using namespace wire::http;

Service::Done answering(const Exchange& exchange) {
  return [reply = exchange.reply](const Status& status) {
    reply(status.ok() ? json_response("") : response_of(status));
  };
}

}  // namespace

Status repository_index(const Exchange& exchange, std::string_view body, Service& service) {
  ASSIGN_OR_RETURN(const bool ready_only, decode_index_request(body));
  const auto answer = [reply = exchange.reply](const std::vector<IndexEntry>& entries) {
    reply(json_response(encode_repository_index(entries)));
  };
  if (ready_only)
    answer(service.ready_versions());
  else
    service.index(answer);
  return {};
}

Status load_model(const Exchange& exchange, std::string_view body, Service& service) {
  ASSIGN_OR_RETURN(LoadRequest request, decode_load_request(body));
  service.load(exchange.model(), std::move(request), answering(exchange));
  return {};
}

Status unload_model(const Exchange& exchange, std::string_view body, Service& service) {
  ASSIGN_OR_RETURN(const bool with_dependents, decode_unload_request(body));
  service.unload(exchange.model(), with_dependents, answering(exchange));
  return {};
}

Result<Response> system_memory_status(const Exchange& exchange, Service& service) {
  ASSIGN_OR_RETURN(const std::vector<SharedMemoryRegion> known,
                   service.system_memory().list(std::string(exchange.route.region)));
  std::vector<SystemRegion> regions;
  for (const SharedMemoryRegion& region : known)
    regions.push_back({region.name, region.key, region.offset, region.byte_size});
  return json_response(encode_system_shared_memory(regions));
}

Result<Response> register_system_memory(const Exchange& exchange, std::string_view body, Service& service) {
  ASSIGN_OR_RETURN(RegisterRequest request, decode_register_request(body));
  RETURN_IF_ERROR(service.system_memory().add({.name = std::string(exchange.route.region),
                                               .key = std::move(request.key),
                                               .offset = request.offset,
                                               .byte_size = request.byte_size}));
  return json_response("");
}

Response unregister_system_memory(const Exchange& exchange, Service& service) {
  if (exchange.route.region.empty())
    service.system_memory().remove_all();
  else
    service.system_memory().remove(std::string(exchange.route.region));
  return json_response("");
}

Result<Response> cuda_memory_status(const Exchange& exchange) {
  if (!exchange.route.region.empty())
    return not_found("Unable to find cuda shared memory region: '{}'", exchange.route.region);
  return json_response(encode_system_shared_memory({}));
}

Status register_cuda_memory(const Exchange& exchange) {
  return invalid_argument("failed to register CUDA shared memory region: '{}', GPUs not supported",
                          exchange.route.region);
}

Result<Response> trace_settings(const Exchange& exchange, std::string_view body, Service& service) {
  if (exchange.request->method() == "GET") {
    ASSIGN_OR_RETURN(const TraceSettings settings, service.trace_settings(exchange.model()));
    return json_response(encode_trace_settings(settings));
  }
  ASSIGN_OR_RETURN(const TraceSettings settings,
                   service.change_trace_settings(
                       exchange.model(), [body](const TraceSettings& defaults, TraceSettings& changed) {
                         return update_trace_settings(body, defaults, changed);
                       }));
  return json_response(encode_trace_settings(settings));
}

Result<Response> log_settings(const Exchange& exchange, std::string_view body, Service& service) {
  if (exchange.request->method() == "GET") return json_response(encode_log_settings(service.log_settings()));
  ASSIGN_OR_RETURN(const LogSettings settings, service.change_log_settings([body](LogSettings& changed) {
    return update_log_settings(body, changed);
  }));
  return json_response(encode_log_settings(settings));
}

}  // namespace ridgeline::serve::http
