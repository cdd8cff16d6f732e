#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace ridgeline::serve {

/// Stands in for an OpenTelemetry collector: keeps what is posted to it.
class Collector {
 public:
  using Post = boost::beast::http::request<boost::beast::http::string_body>;

  explicit Collector(boost::beast::http::status answer = boost::beast::http::status::ok)
      : acceptor_(io_, Tcp::endpoint(Tcp::v4(), 0)), thread_([this, answer] { run(answer); }) {}
  ~Collector() { await(); }
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  std::string url() const {
    return fmt::format("http://localhost:{}/v1/traces", acceptor_.local_endpoint().port());
  }
  /// All posts so far; it takes no more.
  std::vector<Post> await() {
    if (thread_.joinable()) {
      Tcp::socket last(io_);
      last.connect(Tcp::endpoint(boost::asio::ip::address_v4::loopback(), acceptor_.local_endpoint().port()));
      last.close();
      thread_.join();
    }
    return std::exchange(posts_, {});
  }

 private:
  using Tcp = boost::asio::ip::tcp;

  /// Until one connects without a post.
  void run(boost::beast::http::status answer) {
    while (true) {
      Tcp::socket socket = acceptor_.accept();
      boost::beast::flat_buffer buffer;
      boost::beast::error_code error;
      Post post;
      boost::beast::http::read(socket, buffer, post, error);
      if (error) return;
      posts_.push_back(std::move(post));
      boost::beast::http::response<boost::beast::http::string_body> response(answer, 11);
      response.prepare_payload();
      boost::beast::http::write(socket, response, error);
    }
  }

  boost::asio::io_context io_;
  Tcp::acceptor acceptor_;
  std::vector<Post> posts_;
  std::thread thread_;
};

}  // namespace ridgeline::serve
