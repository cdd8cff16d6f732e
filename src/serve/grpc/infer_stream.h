#pragma once

#include <atomic>
#include <deque>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>
#include <memory>
#include <mutex>
#include <vector>

#include "serve/grpc/front.h"

namespace ridgeline::serve::grpc {

/// One ModelStreamInfer. Answers leave in the order of their requests, but those of decoupled models as they
/// come. Holds itself until gRPC is done with it; requests hold it while the service works on them.
class InferStream final : public ::grpc::ServerBidiReactor<::grpc::ByteBuffer, ::grpc::ByteBuffer>,
                          public LongCall {
 public:
  using Reactor = ::grpc::ServerBidiReactor<::grpc::ByteBuffer, ::grpc::ByteBuffer>;
  static Reactor* begin(Front& front, const ::grpc::CallbackServerContext& context);

  /// Where a request's answers wait until those before them have left.
  struct Turn {
    std::vector<::grpc::ByteBuffer> messages;
    bool ended = false;
  };

  InferStream(Front& front, bool errors_end, const std::optional<TraceContext>& trace)
      : front_(front), errors_end_(errors_end), trace_(trace) {}

  /// `turn` null: the message leaves at once.
  void send(Turn* turn, ::grpc::ByteBuffer message);
  /// The request gets no more messages; every request's end must be told.
  void end_request(Turn* turn);
  /// Of a request that has failed: a message, or the stream's end where the client wants it so.
  void fail(Turn* turn, const Status& error, const std::string& request_id);
  bool has_gone() const { return gone_.load(std::memory_order_relaxed); }

  void end_soon() override;
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override { gone_.store(true, std::memory_order_relaxed); }
  void OnDone() override;

 private:
  void take_request();
  bool is_finished();
  void advance();  ///< wants the lock held

  Front& front_;
  const bool errors_end_;
  const std::optional<TraceContext> trace_;  ///< what its requests are part of
  std::shared_ptr<InferStream> self_;
  std::atomic<bool> gone_{false};
  ::grpc::ByteBuffer incoming_;  ///< of the read that goes on

  std::mutex mutex_;
  std::deque<::grpc::ByteBuffer> outgoing_;  ///< the first is being written while writing_
  std::deque<std::shared_ptr<Turn>> turns_;  ///< requests to be answered in order
  size_t owed_ = 0;                          ///< requests whose end is not told yet
  bool reading_ = false;
  bool writing_ = false;
  bool no_more_requests_ = false;
  bool finished_ = false;
  ::grpc::Status status_;
};

}  // namespace ridgeline::serve::grpc
