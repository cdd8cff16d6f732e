#include "serve/grpc/goodbye.h"

#include <grpc/grpc.h>
#include <grpc/support/time.h>

namespace ridgeline::serve::grpc {

/// The C interface's call returns when all connections have been told; Server::Shutdown only when all calls
/// are over.
Goodbye::Goodbye(::grpc::Server& server) : told_(grpc_completion_queue_create_for_next(nullptr)) {
  grpc_server_shutdown_and_notify(server.c_server(), told_, this);
}

Goodbye::~Goodbye() {
  const gpr_timespec never = gpr_inf_future(GPR_CLOCK_REALTIME);
  grpc_completion_queue_next(told_, never, nullptr);  // that the server has ended
  grpc_completion_queue_shutdown(told_);
  grpc_completion_queue_next(told_, never, nullptr);  // that nothing more comes
  grpc_completion_queue_destroy(told_);
}

}  // namespace ridgeline::serve::grpc
