#include "serve/grpc/infer_stream.h"

#include "serve/grpc/buffers.h"
#include "serve/grpc/infer_request.h"
#include "serve/grpc/status.h"

namespace ridgeline::serve::grpc {
namespace {

/// Requests and answers of one stream that wait; past these nothing more is read.
constexpr size_t kMostWaiting = 4096;

/// One request of a stream.
class StreamedRequest final : public Client {
 public:
  StreamedRequest(std::shared_ptr<InferStream> stream, std::shared_ptr<InferStream::Turn> turn,
                  const ReadRequest& read)
      : stream_(std::move(stream)),
        turn_(std::move(turn)),
        is_decoupled_(read.model->decoupled()),
        wants_empty_final_(read.wants_empty_final) {
    empty_.model_name = read.request.model;
    empty_.model_version = read.model->version();
    empty_.id = read.request.id;
  }

  void answer(Result<Answer> answer) override {
    if (!answer.ok()) {
      stream_->fail(turn_.get(), answer.status(), empty_.id);
      return;
    }
    // Whether a decoupled model's answer was its last is known only later; the empty one after it says so.
    send(answer->response, !is_decoupled_, std::move(answer->keep_alive));
  }

  void end() override {
    if (is_decoupled_ && wants_empty_final_) send(empty_, true, {});
    stream_->end_request(turn_.get());
  }

  bool has_gone() const override { return stream_->has_gone(); }

 private:
  void send(wire::InferResponse& response, bool is_final, std::vector<std::shared_ptr<const void>> owners) {
    response.parameters.emplace_back("triton_final_response", is_final);
    stream_->send(turn_.get(), buffer_of(wire::grpc::encode_streamed(response), std::move(owners)));
  }

  std::shared_ptr<InferStream> stream_;
  std::shared_ptr<InferStream::Turn> turn_;  ///< null: of a decoupled model
  const bool is_decoupled_;
  const bool wants_empty_final_;
  wire::InferResponse empty_;
};

}  // namespace

InferStream::Reactor* InferStream::begin(Front& front, const ::grpc::CallbackServerContext& context) {
  const auto stream = std::make_shared<InferStream>(front, header_of(context, "triton_grpc_error") == "true",
                                                    trace_of(context));
  stream->self_ = stream;
  front.long_calls.add(stream);
  const std::scoped_lock lock(stream->mutex_);
  const Status permitted = permit(front, context, "inference");
  if (!permitted.ok()) {
    stream->status_ = status_of(permitted);
    stream->no_more_requests_ = true;
  }
  stream->advance();
  return stream.get();
}

void InferStream::OnReadDone(bool ok) {
  if (ok && !is_finished()) take_request();
  const std::scoped_lock lock(mutex_);
  reading_ = false;
  if (!ok) no_more_requests_ = true;
  advance();
}

void InferStream::take_request() {
  const TimePoint received = std::chrono::steady_clock::now();
  std::string id;
  Result<ReadRequest> read = read_request(front_, incoming_, id);
  incoming_.Clear();
  const bool is_decoupled = read.ok() && read->model->decoupled();
  const auto turn = is_decoupled ? nullptr : std::make_shared<Turn>();
  {
    const std::scoped_lock lock(mutex_);
    ++owed_;
    if (turn) turns_.push_back(turn);
  }
  if (!read.ok()) {
    fail(turn.get(), read.status(), id);
    end_request(turn.get());
    return;
  }
  auto client = std::make_shared<StreamedRequest>(self_, turn, *read);
  read->model->infer({.request = std::move(read->request),
                      .client = std::move(client),
                      .received = received,
                      .trace = trace_});
}

void InferStream::send(Turn* turn, ::grpc::ByteBuffer message) {
  const std::scoped_lock lock(mutex_);
  if (turn != nullptr) {
    turn->messages.push_back(std::move(message));
    return;
  }
  outgoing_.push_back(std::move(message));
  advance();
}

void InferStream::fail(Turn* turn, const Status& error, const std::string& request_id) {
  if (!errors_end_) {
    const wire::grpc::Piece message{wire::grpc::encode_stream_error(error.message(), request_id), {}};
    send(turn, buffer_of(std::span(&message, 1), {}));
    return;
  }
  const std::scoped_lock lock(mutex_);
  if (status_.ok()) status_ = status_of(error);
  no_more_requests_ = true;
}

void InferStream::end_request(Turn* turn) {
  const std::scoped_lock lock(mutex_);
  --owed_;
  if (turn != nullptr) turn->ended = true;
  while (!turns_.empty() && turns_.front()->ended) {
    for (::grpc::ByteBuffer& message : turns_.front()->messages) outgoing_.push_back(std::move(message));
    turns_.pop_front();
  }
  advance();
}

void InferStream::end_soon() {
  const std::scoped_lock lock(mutex_);
  if (!no_more_requests_) status_ = status_of(unavailable("the server is shutting down"));
  no_more_requests_ = true;
  advance();
}

bool InferStream::is_finished() {
  const std::scoped_lock lock(mutex_);
  return finished_;
}

void InferStream::OnWriteDone(bool ok) {
  const std::scoped_lock lock(mutex_);
  writing_ = false;
  outgoing_.pop_front();
  if (!ok) {
    gone_ = true;
    outgoing_.clear();
  }
  advance();
}

/// Starts what can be started: the next read, the next write, the end.
void InferStream::advance() {
  if (finished_) return;
  if (!reading_ && !no_more_requests_ && owed_ + outgoing_.size() < kMostWaiting) {
    reading_ = true;
    StartRead(&incoming_);
  }
  if (writing_) return;
  if (!outgoing_.empty()) {
    writing_ = true;
    StartWrite(&outgoing_.front());
  } else if (no_more_requests_ && owed_ == 0) {
    finished_ = true;
    Finish(status_);
  }
}

void InferStream::OnDone() {
  front_.long_calls.remove(this);
  self_.reset();
}

}  // namespace ridgeline::serve::grpc
