#pragma once

#include "serve/core/service.h"
#include "serve/http/endpoints/exchange.h"

namespace ridgeline::serve::http {

/// Each takes the exchange's reply, or answers with an error.
///
/// POST v2/models/MODEL[/versions/VERSION]/infer. The request's binary tensors stay where they were read.
void infer(Exchange& exchange, Service& service, size_t input_bytes);

/// POST …/generate: one answer.
void generate(Exchange& exchange, Service& service, size_t input_bytes);

/// POST …/generate_stream: each answer is an event, sent when it comes.
void generate_stream(Exchange& exchange, Service& service, size_t input_bytes);

}  // namespace ridgeline::serve::http
