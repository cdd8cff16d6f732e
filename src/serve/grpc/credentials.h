#pragma once

#include <grpcpp/security/server_credentials.h>
#include <memory>

#include "serve/grpc/server.h"

namespace ridgeline::serve::grpc {

/// Of a server with these files, which are looked at every second; without a certificate, of one without TLS.
/// kInvalidArgument naming the file that can't be read or does not fit the other.
Result<std::shared_ptr<::grpc::ServerCredentials>> credentials_of(const TlsFiles& files);

}  // namespace ridgeline::serve::grpc
