#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include "serve/http/incoming.h"
#include "serve/http/loop.h"
#include "serve/http/response_text.h"

namespace ridgeline::serve::http {

/// What all connections of a server share. Immutable.
struct ConnectionSettings {
  Limits limits;
  Handler handler;
};

using PlainStream = boost::asio::ip::tcp::socket;
using TlsStream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket>;

/// Reads requests one after another and answers each before it reads the next; what a client pipelines waits
/// in the buffer. Lives on one loop's thread, held by that loop until it is closed.
template <typename Stream>
class ConnectionOver final : public Connection, public std::enable_shared_from_this<ConnectionOver<Stream>> {
 public:
  ConnectionOver(std::weak_ptr<Loop> loop, Stream stream, std::shared_ptr<const ConnectionSettings> settings);

  /// On the loop's thread, after Loop::add().
  void start();
  void check(Clock::time_point now, std::optional<Clock::duration> draining) override;

 private:
  enum class State { kOpening, kReading, kAnswering, kWriting, kEnding };
  using Error = boost::system::error_code;
  class Owed;

  void open();
  void read_header();
  void after_header(const Error& error);
  void read_body();
  void after_body(const Error& error);
  void answer();
  Reply make_reply();
  void watch_for_the_end();
  void after_watch(const Error& error);
  void take(Response response);
  void send(Response response);
  void write(std::span<const boost::asio::const_buffer> buffers);
  std::vector<boost::asio::const_buffer> body_buffers() const;
  void send_whole(bool keeps_open);
  void send_chunk();
  void after_write(const Error& error);
  void refuse(const Error& error);
  void refuse(int status, std::string_view reason);
  void end();
  void discard();
  void close();

  /// A handler that goes on with `next`, or closes on an error.
  auto or_close(void (ConnectionOver::*next)());
  bool has_begun() const;  ///< anything of a request has come
  bool is_stalled(Clock::time_point now);
  void enter(State state);
  boost::asio::ip::tcp::socket& socket();

  std::weak_ptr<Loop> loop_;
  Stream stream_;
  std::shared_ptr<const ConnectionSettings> settings_;
  boost::beast::flat_buffer buffer_;
  std::shared_ptr<Incoming> incoming_;
  Response response_;              ///< that is written
  std::vector<Response> waiting_;  ///< those that come after it, of an unfinished one
  std::string before_body_;
  Framing framing_ = Framing::kLength;
  bool keeps_open_ = true;
  bool has_begun_to_answer_ = false;
  State state_ = State::kOpening;
  Clock::time_point since_;       ///< when the state, or the MiB that a stall is measured by, began
  size_t received_at_since_ = 0;  ///< bytes of the request
  bool is_watched_ = false;
  bool has_timed_out_ = false;
};

extern template class ConnectionOver<PlainStream>;
extern template class ConnectionOver<TlsStream>;

}  // namespace ridgeline::serve::http
