#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <thread>
#include <unordered_set>

namespace ridgeline::serve::http {

using Clock = std::chrono::steady_clock;

/// What a loop keeps alive and looks after. All calls come from the loop's thread.
class Connection {
 public:
  virtual ~Connection() = default;
  /// A few times a second: closes what is stalled or idle for too long. `draining` is how long the server has
  /// been ending, none while it is not: then what is not asked anything for a while is closed sooner.
  virtual void check(Clock::time_point now, std::optional<Clock::duration> draining) = 0;
};

/// A thread with an event queue and the connections that live on it.
class Loop : public std::enable_shared_from_this<Loop> {
 public:
  Loop();
  ~Loop();  ///< closes its connections
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  boost::asio::io_context& context() { return context_; }
  /// Both on the loop's thread.
  void add(std::shared_ptr<Connection> connection);
  void remove(const std::shared_ptr<Connection>& connection);
  /// From any thread.
  size_t connections() const { return count_.load(std::memory_order_relaxed); }
  bool draining() const { return draining_.load(std::memory_order_relaxed); }
  void drain();
  void stop();  ///< ends the thread

 private:
  void sweep();
  void sweep_later();

  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  boost::asio::steady_timer timer_{context_};
  std::unordered_set<std::shared_ptr<Connection>> connections_;
  std::atomic<size_t> count_ = 0;
  std::atomic<bool> draining_ = false;
  Clock::time_point drains_since_;  ///< of the loop's thread
  std::thread thread_;
};

}  // namespace ridgeline::serve::http
