#pragma once

#include <cstddef>
#include <memory>

#include "serve/access.h"
#include "serve/core/service.h"
#include "serve/http/access_log.h"
#include "serve/http/message.h"
#include "serve/identity.h"
#include "serve/observe/custom_metrics.h"

namespace ridgeline::serve::http {

struct EndpointOptions {
  Identity identity;
  AccessRules access;
  size_t input_bytes = size_t{64} << 20;  ///< of a body that is unpacked, and of tensors given as JSON
  std::shared_ptr<AccessLog> access_log;  ///< none: nothing is logged
};

/// The KServe v2 protocol with Triton's extensions, as server.h asks for it. `service` outlives the server.
Handler protocol_handler(EndpointOptions options, Service& service);

/// What a server tells those that watch it: Prometheus' text at /metrics, and at / a page for people, which
/// asks /status for the same in JSON. `metrics`: what models count, may be null. `service` outlives the
/// server.
Handler observation_handler(const Identity& identity, Service& service,
                            std::shared_ptr<const CustomMetrics> metrics = nullptr);

}  // namespace ridgeline::serve::http
