#include "serve/http/connection.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <fmt/format.h>
#include <type_traits>

namespace ridgeline::serve::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

constexpr size_t kMeasuredBytes = size_t{1} << 20;  // what a stall is measured by
constexpr std::chrono::seconds kMostLinger{2};      // for a client that reads an answer slowly, or sends on
/// A client that asks again within this time learns from its answer's header that the server ends; one whose
/// connection was closed under its request could not know whether that was read.
constexpr std::chrono::milliseconds kLastCall{500};
/// Of a body that is read at a time. Beast reads no more than its buffer has room for, 512 bytes at first.
constexpr size_t kReadAtOnce = size_t{64} << 10;
/// What a connection keeps of its buffer while it waits: there may be thousands.
constexpr size_t kKeptBuffer = size_t{4} << 10;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

int status_of(const boost::system::error_code& error) {
  if (error == beast::http::error::body_limit) return 413;
  if (error == beast::http::error::header_limit) return 431;
  return 400;
}

}  // namespace

template <typename Stream>
ConnectionOver<Stream>::ConnectionOver(std::weak_ptr<Loop> loop, Stream stream,
                                       std::shared_ptr<const ConnectionSettings> settings)
    : loop_(std::move(loop)), stream_(std::move(stream)), settings_(std::move(settings)) {}

template <typename Stream>
asio::ip::tcp::socket& ConnectionOver<Stream>::socket() {
  if constexpr (std::is_same_v<Stream, PlainStream>)
    return stream_;
  else
    return stream_.next_layer();
}

template <typename Stream>
void ConnectionOver<Stream>::enter(State state) {
  state_ = state;
  since_ = Clock::now();
  received_at_since_ = 0;
}

template <typename Stream>
void ConnectionOver<Stream>::start() {
  Error ignored;
  socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  enter(State::kOpening);
  open();
}

template <typename Stream>
auto ConnectionOver<Stream>::or_close(void (ConnectionOver::*next)()) {
  return [self = this->shared_from_this(), next](const Error& error, auto&&...) {
    if (error)
      self->close();
    else
      (self.get()->*next)();
  };
}

template <typename Stream>
void ConnectionOver<Stream>::open() {
  if constexpr (std::is_same_v<Stream, PlainStream>)
    read_header();
  else
    stream_.async_handshake(asio::ssl::stream_base::server, or_close(&ConnectionOver::read_header));
}

template <typename Stream>
void ConnectionOver<Stream>::read_header() {
  enter(State::kReading);
  incoming_ = std::make_shared<Incoming>(settings_->limits);
  beast::http::async_read_header(
      stream_, buffer_, incoming_->parser(),
      [self = this->shared_from_this()](const Error& error, size_t) { self->after_header(error); });
}

template <typename Stream>
void ConnectionOver<Stream>::after_header(const Error& error) {
  if (error) return refuse(error);
  if (incoming_->parser().is_done()) return answer();
  if (!beast::iequals(incoming_->parser().get()[beast::http::field::expect], "100-continue"))
    return read_body();
  asio::async_write(stream_, asio::buffer(kContinue), or_close(&ConnectionOver::read_body));
}

template <typename Stream>
void ConnectionOver<Stream>::read_body() {
  const auto length = incoming_->parser().content_length_remaining();
  buffer_.reserve(static_cast<size_t>(std::min<uint64_t>(length.value_or(kReadAtOnce), kReadAtOnce)));
  beast::http::async_read(
      stream_, buffer_, incoming_->parser(),
      [self = this->shared_from_this()](const Error& error, size_t) { self->after_body(error); });
}

template <typename Stream>
void ConnectionOver<Stream>::after_body(const Error& error) {
  if (buffer_.capacity() > kKeptBuffer) buffer_.shrink_to_fit();
  if (error) return refuse(error);
  answer();
}

template <typename Stream>
void ConnectionOver<Stream>::answer() {
  enter(State::kAnswering);
  settings_->handler(incoming_, make_reply());
  if (state_ == State::kAnswering) watch_for_the_end();  // most of what is not a model's is answered by now
}

/// The loop may be gone when the reply comes; while it is there, it owns the connection.
template <typename Stream>
class ConnectionOver<Stream>::Owed {
 public:
  explicit Owed(ConnectionOver& connection)
      : loop_(connection.loop_), connection_(connection.weak_from_this()) {}
  Owed(const Owed&) = delete;
  Owed& operator=(const Owed&) = delete;
  ~Owed() {
    on_loop([](ConnectionOver& self) { self.close(); });
  }

  /// Only until the last one.
  void answer(Response response) {
    const bool is_last = !response.unfinished;
    on_loop(
        [response = std::move(response)](ConnectionOver& self) mutable { self.take(std::move(response)); });
    is_first_ = false;
    if (is_last) loop_.reset();
  }

 private:
  /// The first one may be sent at once; those after it keep their order in the queue.
  template <typename Work>
  void on_loop(Work work) {
    const std::shared_ptr<Loop> loop = loop_.lock();
    if (!loop) return;
    auto task = [connection = connection_, work = std::move(work)]() mutable {
      if (const auto self = connection.lock()) work(*self);
    };
    if (is_first_)
      asio::dispatch(loop->context(), std::move(task));
    else
      asio::post(loop->context(), std::move(task));
  }

  bool is_first_ = true;
  std::weak_ptr<Loop> loop_;
  std::weak_ptr<ConnectionOver> connection_;
};

template <typename Stream>
Reply ConnectionOver<Stream>::make_reply() {
  return [owed = std::make_shared<Owed>(*this)](Response response) { owed->answer(std::move(response)); };
}

/// One wait may outlast several requests: it ends when anything arrives, the next request too.
template <typename Stream>
void ConnectionOver<Stream>::watch_for_the_end() {
  if (std::exchange(is_watched_, true)) return;
  socket().async_wait(asio::socket_base::wait_read,
                      [self = this->shared_from_this()](const Error& error) { self->after_watch(error); });
}

template <typename Stream>
void ConnectionOver<Stream>::after_watch(const Error& error) {
  is_watched_ = false;
  if (error || state_ != State::kAnswering) return;
  std::array<char, 1> byte{};
  Error failed;
  const auto flags = asio::socket_base::message_peek;
  socket().non_blocking(true, failed);
  socket().receive(asio::buffer(byte), flags, failed);
  const bool is_open = !failed || failed == asio::error::would_block;
  if (!is_open) incoming_->note_client_has_gone();
}

/// What a handler says after the client has gone is for nobody.
template <typename Stream>
void ConnectionOver<Stream>::take(Response response) {
  if (state_ == State::kAnswering) return send(std::move(response));
  if (state_ == State::kWriting && response_.unfinished) waiting_.push_back(std::move(response));
}

template <typename Stream>
void ConnectionOver<Stream>::send(Response response) {
  if (response.complete) std::exchange(response.complete, {})(response);
  response_ = std::move(response);
  const std::shared_ptr<Loop> loop = loop_.lock();
  const bool wants_more = incoming_->parser().keep_alive() && loop && !loop->draining();
  if (!has_begun_to_answer_ && !response_.unfinished) return send_whole(wants_more);
  if (!std::exchange(has_begun_to_answer_, true)) {
    framing_ = incoming_->parser().get().version() >= 11 ? Framing::kChunks : Framing::kClose;
    keeps_open_ = wants_more && framing_ == Framing::kChunks;
    before_body_ = header_text(response_, keeps_open_, framing_);
  }
  send_chunk();
}

template <typename Stream>
std::vector<asio::const_buffer> ConnectionOver<Stream>::body_buffers() const {
  std::vector<asio::const_buffer> buffers{asio::buffer(before_body_), asio::buffer(response_.head)};
  for (const auto& part : response_.parts) buffers.emplace_back(part.data(), part.size());
  return buffers;
}

template <typename Stream>
void ConnectionOver<Stream>::send_whole(bool keeps_open) {
  keeps_open_ = keeps_open;
  before_body_ = header_text(response_, keeps_open);
  const bool has_body = incoming_->method() != "HEAD";
  write(has_body ? body_buffers() : std::vector<asio::const_buffer>{asio::buffer(before_body_)});
}

/// A chunk of no bytes would end the body.
template <typename Stream>
void ConnectionOver<Stream>::send_chunk() {
  constexpr std::string_view kEndOfChunk = "\r\n";
  constexpr std::string_view kLastChunk = "0\r\n\r\n";
  const size_t size = body_size(response_);
  const bool is_chunk = framing_ == Framing::kChunks && size > 0;
  if (is_chunk) fmt::format_to(std::back_inserter(before_body_), "{:x}\r\n", size);
  std::vector<asio::const_buffer> buffers = body_buffers();
  if (is_chunk) buffers.push_back(asio::buffer(kEndOfChunk));
  if (framing_ == Framing::kChunks && !response_.unfinished) buffers.push_back(asio::buffer(kLastChunk));
  write(buffers);
}

template <typename Stream>
void ConnectionOver<Stream>::write(std::span<const asio::const_buffer> buffers) {
  enter(State::kWriting);
  asio::async_write(
      stream_, std::vector<asio::const_buffer>(buffers.begin(), buffers.end()),
      [self = this->shared_from_this()](const Error& error, size_t) { self->after_write(error); });
}

template <typename Stream>
void ConnectionOver<Stream>::after_write(const Error& error) {
  const bool is_last = !response_.unfinished;
  response_ = {};
  before_body_.clear();
  if (error) return close();
  if (!is_last) {
    enter(State::kAnswering);
    watch_for_the_end();
    if (waiting_.empty()) return;
    Response next = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    return send(std::move(next));
  }
  has_begun_to_answer_ = false;
  if (keeps_open_)
    read_header();
  else
    end();
}

template <typename Stream>
void ConnectionOver<Stream>::refuse(const Error& error) {
  if (has_timed_out_) return refuse(408, "the request did not arrive in time");
  const bool is_malformed = error.category() == beast::http::make_error_code(beast::http::error{}).category();
  const bool is_cut =
      error == beast::http::error::end_of_stream || error == beast::http::error::partial_message;
  if (!is_malformed || is_cut) return close();
  const int status = status_of(error);
  if (status == 413)
    return refuse(status,
                  fmt::format("the request's body is larger than {} bytes", settings_->limits.body_bytes));
  if (status == 431)
    return refuse(
        status, fmt::format("the request's header is larger than {} bytes", settings_->limits.header_bytes));
  refuse(status, fmt::format("malformed HTTP request: {}", error.message()));
}

template <typename Stream>
void ConnectionOver<Stream>::refuse(int status, std::string_view reason) {
  response_ = error_response(status, reason);
  send_whole(false);
}

/// A socket that is closed over unread bytes resets the connection, and the client may lose its answer.
template <typename Stream>
void ConnectionOver<Stream>::end() {
  enter(State::kEnding);
  Error ignored;
  socket().shutdown(asio::socket_base::shutdown_send, ignored);
  discard();
}

template <typename Stream>
void ConnectionOver<Stream>::discard() {
  buffer_.clear();
  constexpr size_t kAtOnce = size_t{16} << 10;
  socket().async_read_some(buffer_.prepare(kAtOnce), or_close(&ConnectionOver::discard));
}

template <typename Stream>
void ConnectionOver<Stream>::close() {
  Error ignored;
  const bool is_owed = state_ == State::kAnswering || has_begun_to_answer_;
  if (incoming_ && is_owed) incoming_->note_client_has_gone();
  socket().close(ignored);
  if (const std::shared_ptr<Loop> loop = loop_.lock()) loop->remove(this->shared_from_this());
}

template <typename Stream>
bool ConnectionOver<Stream>::has_begun() const {
  return buffer_.size() > 0 || incoming_->parser().got_some();
}

template <typename Stream>
bool ConnectionOver<Stream>::is_stalled(Clock::time_point now) {
  const Limits& limits = settings_->limits;
  switch (state_) {
    case State::kOpening:
      return now - since_ > limits.stall;
    case State::kReading: {
      if (!has_begun()) return now - since_ > limits.idle;
      const size_t received = buffer_.size() + incoming_->body().size();
      if (received_at_since_ == 0 || received >= received_at_since_ + kMeasuredBytes) {
        since_ = now;
        received_at_since_ = std::max<size_t>(received, 1);
      }
      return now - since_ > limits.stall;
    }
    case State::kAnswering:
      return false;
    case State::kWriting:
      return now - since_ > limits.stall * (1 + static_cast<int64_t>(body_size(response_) / kMeasuredBytes));
    case State::kEnding:
      return now - since_ > kMostLinger;
  }
  return false;
}

template <typename Stream>
void ConnectionOver<Stream>::check(Clock::time_point now, std::optional<Clock::duration> draining) {
  const bool is_waiting = state_ == State::kReading && !has_begun();
  if (draining && is_waiting && std::min(*draining, now - since_) > kLastCall) return close();
  if (!is_stalled(now)) return;
  if (state_ != State::kReading || is_waiting) return close();
  has_timed_out_ = true;
  Error ignored;
  socket().cancel(ignored);
}

template class ConnectionOver<PlainStream>;
template class ConnectionOver<TlsStream>;

}  // namespace ridgeline::serve::http
