#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"

namespace ridgeline::serve {

/// Threads that run tasks in the order in which they came, until they are stopped.
class TaskThreads {
 public:
  explicit TaskThreads(size_t threads);
  ~TaskThreads() { stop(); }
  TaskThreads(const TaskThreads&) = delete;
  TaskThreads& operator=(const TaskThreads&) = delete;

  enum class Turn : uint8_t {
    kInOrder,
    kAtOnce  ///< before all others, by one thread more where none is idle: the running ones may wait for it
  };
  /// False, and the task is dropped, after stop().
  bool run(std::function<void()> task, Turn turn = Turn::kInOrder);
  /// Runs what is left, then ends.
  void stop();

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  size_t idle_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

/// Names that one thread at a time works on.
class NameLocks {
 public:
  /// Holds its names until it goes.
  class Held {
   public:
    Held(NameLocks& locks, std::set<std::string> names, std::string asker)
        : locks_(&locks), names_(std::move(names)), asker_(std::move(asker)) {}
    ~Held() { locks_->release(*this); }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

   private:
    friend NameLocks;
    NameLocks* locks_;
    const std::set<std::string> names_;
    const std::string asker_;
  };

  /// Waits until all are free, then takes them at once: two who want each other's names cannot lock up.
  /// `asker`: a name that is held by whoever waits for this work, or empty; kUnavailable where the names
  /// would never be free, as who holds them waits for the asker.
  Result<std::unique_ptr<const Held>> hold(std::set<std::string> names, const std::string& asker = {});

 private:
  void release(const Held& held);
  bool is_free(const std::set<std::string>& names) const;
  const Held* holder_of(const std::string& name) const;
  bool waits_for(const std::set<std::string>& names, const std::string& asker) const;

  std::mutex mutex_;
  std::condition_variable freed_;
  std::set<const Held*> held_;
  std::set<const Held*> wanted_;  ///< not held yet
};

}  // namespace ridgeline::serve
