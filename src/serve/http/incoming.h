#pragma once

#include <atomic>
#include <boost/beast/http/parser.hpp>
#include <iterator>

#include "serve/http/body_buffer.h"
#include "serve/http/message.h"
#include "serve/http/server.h"

namespace ridgeline::serve::http {

/// A request that arrives, then one that has.
class Incoming final : public Request {
 public:
  using Parser = boost::beast::http::request_parser<BodyBuffer>;

  explicit Incoming(const Limits& limits) {
    parser_.header_limit(static_cast<uint32_t>(limits.header_bytes));
    parser_.body_limit(limits.body_bytes);
  }

  std::string_view method() const override { return view(parser_.get().method_string()); }
  std::string_view target() const override { return view(parser_.get().target()); }
  std::string_view header(std::string_view name) const override {
    return view(parser_.get()[boost::beast::string_view(name.data(), name.size())]);
  }
  std::string_view only_header(std::string_view name) const override {
    const auto [first, end] = parser_.get().equal_range(boost::beast::string_view(name.data(), name.size()));
    return first != end && std::next(first) == end ? view(first->value()) : std::string_view();
  }
  std::span<const std::byte> body() const override { return parser_.get().body().bytes(); }
  bool client_has_gone() const override { return gone_.load(std::memory_order_relaxed); }

  Parser& parser() { return parser_; }
  void note_client_has_gone() { gone_.store(true, std::memory_order_relaxed); }

 private:
  static std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

  Parser parser_;
  std::atomic<bool> gone_ = false;
};

}  // namespace ridgeline::serve::http
