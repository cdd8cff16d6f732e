#pragma once

#include <grpcpp/server.h>

struct grpc_completion_queue;

namespace ridgeline::serve::grpc {

/// Tells the clients of every connection to open no more calls there (GOAWAY). Those that the server has go
/// on until it is shut down, which must be done before this is destroyed.
class Goodbye {
 public:
  explicit Goodbye(::grpc::Server& server);
  ~Goodbye();
  Goodbye(const Goodbye&) = delete;
  Goodbye& operator=(const Goodbye&) = delete;

 private:
  grpc_completion_queue* told_;
};

}  // namespace ridgeline::serve::grpc
