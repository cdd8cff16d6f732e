#pragma once

#include "serve/core/service.h"
#include "serve/http/endpoints/exchange.h"

/// What steers a server: its repository, regions of shared memory, and settings. `body` is the request's.
namespace ridgeline::serve::http {

/// Answers when the repositories have been read.
Status repository_index(const Exchange& exchange, std::string_view body, Service& service);
/// Both answer when the model has been loaded, or takes no more requests.
Status load_model(const Exchange& exchange, std::string_view body, Service& service);
Status unload_model(const Exchange& exchange, std::string_view body, Service& service);

Result<Response> system_memory_status(const Exchange& exchange, Service& service);
Result<Response> register_system_memory(const Exchange& exchange, std::string_view body, Service& service);
Response unregister_system_memory(const Exchange& exchange, Service& service);

/// There is none: an empty list, and kNotFound for a region's name.
Result<Response> cuda_memory_status(const Exchange& exchange);
Status register_cuda_memory(const Exchange& exchange);

/// Of the route's model, or of the server; a POST changes them first.
Result<Response> trace_settings(const Exchange& exchange, std::string_view body, Service& service);
Result<Response> log_settings(const Exchange& exchange, std::string_view body, Service& service);

}  // namespace ridgeline::serve::http
