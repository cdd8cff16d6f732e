#include "serve/http/endpoints/endpoints.h"

#include "serve/http/endpoints/about.h"
#include "serve/http/endpoints/control.h"
#include "serve/http/endpoints/infer.h"
#include "serve/http/response_text.h"

namespace ridgeline::serve::http {
namespace {

class Protocol {
 public:
  Protocol(EndpointOptions options, Service& service) : options_(std::move(options)), service_(service) {}

  void handle(std::shared_ptr<const Request> request, Reply reply) const {
    const TimePoint received = std::chrono::steady_clock::now();
    const Routed routed = route(request->method(), request->target());
    if (options_.access_log)
      reply = options_.access_log->logged(*request, routed.route.model, received, std::move(reply));
    if (routed.status == 404) return reply(error_response(404, "Not Found"));
    if (routed.status == 405) return reply(error_response(405, "Method Not Allowed"));
    const auto missing =
        options_.access.missing_header(access_class(routed.route.endpoint),
                                       [&request](std::string_view name) { return request->header(name); });
    if (missing)
      return reply(
          error_response(403, fmt::format("This API is restricted, expecting header '{}'", *missing)));
    Exchange exchange{.request = std::move(request),
                      .reply = std::move(reply),
                      .route = routed.route,
                      .received = received};
    answer(exchange);
  }

 private:
  void answer(Exchange& exchange) const {
    switch (exchange.route.endpoint) {
      case Endpoint::kInfer:
        return infer(exchange, service_, options_.input_bytes);
      case Endpoint::kGenerate:
        return generate(exchange, service_, options_.input_bytes);
      case Endpoint::kGenerateStream:
        return generate_stream(exchange, service_, options_.input_bytes);
      case Endpoint::kRepositoryIndex:
      case Endpoint::kModelLoad:
      case Endpoint::kModelUnload: {
        const Status started = ask_repository(exchange);
        if (!started.ok()) exchange.reply(response_of(started));
        return;
      }
      default: {
        const Result<Response> response = answer_now(exchange);
        exchange.reply(response.ok() ? *response : response_of(response.status()));
      }
    }
  }

  Status ask_repository(const Exchange& exchange) const {
    ASSIGN_OR_RETURN(const Body body, body_of(exchange.request, options_.input_bytes));
    if (exchange.route.endpoint == Endpoint::kRepositoryIndex)
      return repository_index(exchange, body.text(), service_);
    if (exchange.route.endpoint == Endpoint::kModelLoad) return load_model(exchange, body.text(), service_);
    return unload_model(exchange, body.text(), service_);
  }

  Result<Response> answer_now(const Exchange& exchange) const {
    switch (exchange.route.endpoint) {
      case Endpoint::kServerLive:
        return server_live();
      case Endpoint::kServerReady:
        return server_ready(service_);
      case Endpoint::kServerMetadata:
        return server_metadata(options_.identity);
      case Endpoint::kModels:
        return model_names(service_);
      case Endpoint::kModelReady:
        return model_ready(exchange, service_);
      case Endpoint::kModelMetadata:
        return model_metadata(exchange, service_);
      case Endpoint::kModelConfig:
        return model_config(exchange, service_);
      case Endpoint::kModelStatistics:
        return statistics(exchange, service_);
      case Endpoint::kSystemMemoryStatus:
        return system_memory_status(exchange, service_);
      case Endpoint::kSystemMemoryUnregister:
        return unregister_system_memory(exchange, service_);
      case Endpoint::kCudaMemoryStatus:
        return cuda_memory_status(exchange);
      case Endpoint::kCudaMemoryRegister:
        return register_cuda_memory(exchange);
      case Endpoint::kCudaMemoryUnregister:
        return json_response("");
      default:
        return answer_to_body(exchange);
    }
  }

  Result<Response> answer_to_body(const Exchange& exchange) const {
    ASSIGN_OR_RETURN(const Body body, body_of(exchange.request, options_.input_bytes));
    switch (exchange.route.endpoint) {
      case Endpoint::kSystemMemoryRegister:
        return register_system_memory(exchange, body.text(), service_);
      case Endpoint::kTraceSetting:
        return trace_settings(exchange, body.text(), service_);
      case Endpoint::kLogging:
        return log_settings(exchange, body.text(), service_);
      default:
        return internal_error("nothing answers this path");
    }
  }

  EndpointOptions options_;
  Service& service_;
};

}  // namespace

Handler protocol_handler(EndpointOptions options, Service& service) {
  return [protocol = std::make_shared<const Protocol>(std::move(options), service)](
             std::shared_ptr<const Request> request, Reply reply) {
    protocol->handle(std::move(request), std::move(reply));
  };
}

}  // namespace ridgeline::serve::http
