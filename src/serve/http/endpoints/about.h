#pragma once

#include "serve/core/service.h"
#include "serve/http/endpoints/exchange.h"
#include "serve/identity.h"

/// What is answered from what is known.
namespace ridgeline::serve::http {

Response server_live();
Response server_ready(const Service& service);
Response server_metadata(const Identity& identity);
Response model_ready(const Exchange& exchange, const Service& service);
/// GET v2/models, which Triton lacks: the names of those that are ready, as KServe's own server lists them.
Response model_names(const Service& service);
Result<Response> model_metadata(const Exchange& exchange, const Service& service);
Result<Response> model_config(const Exchange& exchange, const Service& service);
Result<Response> statistics(const Exchange& exchange, const Service& service);

}  // namespace ridgeline::serve::http
