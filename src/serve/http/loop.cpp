#include "serve/http/loop.h"

#include <boost/asio/post.hpp>
#include <vector>

namespace ridgeline::serve::http {
namespace {

constexpr std::chrono::milliseconds kSweepEvery{100};

}  // namespace

Loop::Loop() {
  sweep_later();
  thread_ = std::thread([this] { context_.run(); });
}

Loop::~Loop() { stop(); }

void Loop::add(std::shared_ptr<Connection> connection) {
  connections_.insert(std::move(connection));
  count_.store(connections_.size(), std::memory_order_relaxed);
}

void Loop::remove(const std::shared_ptr<Connection>& connection) {
  connections_.erase(connection);
  count_.store(connections_.size(), std::memory_order_relaxed);
}

void Loop::drain() {
  draining_.store(true, std::memory_order_relaxed);
  boost::asio::post(context_, [this] { drains_since_ = Clock::now(); });
}

void Loop::stop() {
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

/// Checks may remove a connection.
void Loop::sweep() {
  const std::vector<std::shared_ptr<Connection>> all(connections_.begin(), connections_.end());
  const Clock::time_point now = Clock::now();
  const bool is_ending = drains_since_ != Clock::time_point();
  const auto draining = is_ending ? std::optional(now - drains_since_) : std::nullopt;
  for (const auto& connection : all) connection->check(now, draining);
}

void Loop::sweep_later() {
  timer_.expires_after(kSweepEvery);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    sweep();
    sweep_later();
  });
}

}  // namespace ridgeline::serve::http
