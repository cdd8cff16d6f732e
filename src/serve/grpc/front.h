#pragma once

#include <grpcpp/impl/codegen/server_context.h>
#include <string_view>

#include "serve/grpc/call_ends.h"
#include "serve/grpc/long_calls.h"
#include "serve/grpc/server.h"

namespace ridgeline::serve::grpc {

/// What every call of a server needs. Outlives them.
struct Front {
  ServerOptions options;
  Service& service;
  LongCalls long_calls;
  CallEnds call_ends;
};

/// kUnavailable, as Triton says it, where a call to this class of protocol lacks the header that it needs.
Status permit(const Front& front, const ::grpc::ServerContextBase& context, std::string_view access_class);

/// The first header of that name that the client sent; empty when there is none.
std::string_view header_of(const ::grpc::ServerContextBase& context, const std::string& name);

/// What the call is part of.
std::optional<TraceContext> trace_of(const ::grpc::ServerContextBase& context);

/// kInvalidArgument, as Triton says it, unless it is empty or a number from 1 on.
Status check_version(const std::string& version);

}  // namespace ridgeline::serve::grpc
