#pragma once

#include <grpcpp/support/server_callback.h>
#include <mutex>
#include <utility>
#include <vector>

namespace ridgeline::serve::grpc {

/// Where unary calls end. gRPC 1.51 cancels calls that reach it after it was told to end, and clients learn
/// of the end only then; while answers are held back, clients that wait for them send nothing. Thread-safe.
class CallEnds {
 public:
  /// At once, or when what is held is let go.
  void finish(::grpc::ServerUnaryReactor& call, ::grpc::Status status);
  void hold();
  void let_go();

 private:
  std::mutex mutex_;
  bool holding_ = false;
  std::vector<std::pair<::grpc::ServerUnaryReactor*, ::grpc::Status>> held_;
};

}  // namespace ridgeline::serve::grpc
