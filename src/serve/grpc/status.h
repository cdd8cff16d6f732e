#pragma once

#include <grpcpp/support/status.h>

#include "base/status.h"

namespace ridgeline::serve::grpc {

/// The status that ends a call. A message that would not fit into the headers that clients take loses its
/// middle.
::grpc::Status status_of(const Status& status);

}  // namespace ridgeline::serve::grpc
