#include "serve/core/task_threads.h"

#include <algorithm>

namespace ridgeline::serve {

TaskThreads::TaskThreads(size_t threads) {
  for (size_t i = 0; i < std::max<size_t>(threads, 1); ++i) threads_.emplace_back([this] { work(); });
}

bool TaskThreads::run(std::function<void()> task, Turn turn) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    if (turn == Turn::kInOrder) {
      tasks_.push_back(std::move(task));
    } else {
      if (tasks_.size() >= idle_) threads_.emplace_back([this] { work(); });
      tasks_.push_front(std::move(task));
    }
  }
  changed_.notify_one();
  return true;
}

void TaskThreads::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_)
    if (thread.joinable()) thread.join();
}

void TaskThreads::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    --idle_;
    if (tasks_.empty()) return;
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // what it held goes without the lock
    lock.lock();
  }
}

Result<std::unique_ptr<const NameLocks::Held>> NameLocks::hold(std::set<std::string> names,
                                                               const std::string& asker) {
  auto held = std::make_unique<const Held>(*this, std::move(names), asker);
  std::unique_lock lock(mutex_);
  if (!asker.empty() && waits_for(held->names_, asker))
    return unavailable("model '{}' cannot change '{}' now: that is to wait for '{}' to be loaded", asker,
                       fmt::join(held->names_, "', '"), asker);
  wanted_.insert(held.get());
  freed_.wait(lock, [&] { return is_free(held->names_); });
  wanted_.erase(held.get());
  held_.insert(held.get());
  return held;
}

bool NameLocks::is_free(const std::set<std::string>& names) const {
  return std::ranges::all_of(names, [this](const auto& name) { return holder_of(name) == nullptr; });
}

const NameLocks::Held* NameLocks::holder_of(const std::string& name) const {
  const auto found =
      std::ranges::find_if(held_, [&](const Held* held) { return held->names_.contains(name); });
  return found == held_.end() ? nullptr : *found;
}

bool NameLocks::waits_for(const std::set<std::string>& names, const std::string& asker) const {
  std::set<const Held*> seen;
  std::vector<std::string> left(names.begin(), names.end());
  while (!left.empty()) {
    const Held* const holder = holder_of(left.back());
    left.pop_back();
    if (holder == nullptr || !seen.insert(holder).second) continue;
    if (holder->names_.contains(asker)) return true;
    for (const auto* works : {&held_, &wanted_})
      for (const Held* work : *works)
        if (holder->names_.contains(work->asker_))
          left.insert(left.end(), work->names_.begin(), work->names_.end());
  }
  return false;
}

void NameLocks::release(const Held& held) {
  {
    const std::lock_guard lock(mutex_);
    held_.erase(&held);
  }
  freed_.notify_all();
}

}  // namespace ridgeline::serve
