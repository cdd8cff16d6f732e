#include "serve/core/task_threads.h"

#include <algorithm>

namespace ridgeline::serve {

TaskThreads::TaskThreads(size_t threads) {
  for (size_t i = 0; i < std::max<size_t>(threads, 1); ++i) threads_.emplace_back([this] { work(); });
}

TaskThreads::~TaskThreads() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void TaskThreads::run(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  changed_.notify_one();
}

void TaskThreads::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // what it held goes without the lock
    lock.lock();
  }
}

NameLocks::Held NameLocks::hold(std::set<std::string> names) {
  std::unique_lock lock(mutex_);
  freed_.wait(lock, [&] {
    return std::ranges::none_of(names, [this](const std::string& name) { return held_.contains(name); });
  });
  held_.insert(names.begin(), names.end());
  return {*this, std::move(names)};
}

void NameLocks::release(const std::set<std::string>& names) {
  {
    const std::lock_guard lock(mutex_);
    for (const std::string& name : names) held_.erase(name);
  }
  freed_.notify_all();
}

}  // namespace ridgeline::serve
