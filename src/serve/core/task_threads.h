#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace ridgeline::serve {

/// Threads that run tasks in the order in which they came.
class TaskThreads {
 public:
  explicit TaskThreads(size_t threads);
  /// Runs what is left, then ends.
  ~TaskThreads();
  TaskThreads(const TaskThreads&) = delete;
  TaskThreads& operator=(const TaskThreads&) = delete;

  void run(std::function<void()> task);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

/// Names that one thread at a time works on.
class NameLocks {
 public:
  /// Holds its names until it goes.
  class Held {
   public:
    Held(NameLocks& locks, std::set<std::string> names) : locks_(&locks), names_(std::move(names)) {}
    ~Held() { locks_->release(names_); }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

   private:
    NameLocks* locks_;
    std::set<std::string> names_;
  };

  /// Waits until all are free, then takes them at once: two who want each other's names cannot lock up.
  Held hold(std::set<std::string> names);

 private:
  void release(const std::set<std::string>& names);

  std::mutex mutex_;
  std::condition_variable freed_;
  std::set<std::string> held_;
};

}  // namespace ridgeline::serve
