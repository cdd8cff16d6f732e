#pragma once

#include "base/status.h"

namespace ridgeline::wire {

/// The status code of an HTTP answer that carries this error. Triton's mapping, so a request that Triton
/// calls internal answers 500 here too.
int http_status_of(ErrorCode code);

/// The same for gRPC, as its enumeration counts (grpc::StatusCode).
int grpc_status_of(ErrorCode code);

}  // namespace ridgeline::wire
