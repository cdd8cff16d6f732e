#include "base/thread_pool.h"

#include <algorithm>
#include <immintrin.h>

namespace ridgeline {
namespace {

constexpr uint64_t kOpen = uint64_t{1} << 32;
constexpr uint64_t kEpoch = uint64_t{1} << 33;
constexpr uint64_t kInside = kOpen - 1;
constexpr int kSpins = 5000;  ///< some tens of microseconds

/// Takes some nanoseconds and few of the core's slots. Not a pause: hypervisors take a loop of them for a
/// lock whose holder sleeps, and leave the guest for microseconds.
void wait_a_little() { _mm_lfence(); }

uint64_t epoch_of(uint64_t state) { return state / kEpoch; }

}  // namespace

ThreadPool::ThreadPool(int threads) : shares_(static_cast<size_t>(std::max(threads, 1))) {
  workers_.reserve(static_cast<size_t>(std::max(threads, 1) - 1));
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { work(i); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_.store(true);
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run(const Job& job) {
  if (job.count <= 0) return;
  if (workers_.empty() || job.count <= job.grain) {
    for (int64_t begin = 0; begin < job.count; begin += job.grain)
      job.call(job.context, begin, std::min(begin + job.grain, job.count), 0);
    return;
  }
  job_ = job;
  share_out(job);
  const uint64_t epoch = epoch_of(state_.load(std::memory_order_relaxed)) + 1;
  state_.store(epoch * kEpoch | kOpen);
  // Sequentially consistent with the parking worker, which counts itself before it looks at state_ a last
  // time.
  if (sleepers_.load() > 0) {
    {
      const std::lock_guard lock(mutex_);
    }
    wake_.notify_all();
  }
  take_chunks(0);
  state_.fetch_and(~kOpen);
  int spins = 0;
  while ((state_.load(std::memory_order_acquire) & kInside) != 0) {
    if (++spins < kSpins)
      wait_a_little();
    else
      std::this_thread::yield();
  }
}

void ThreadPool::Share::set(const Range& iterations, int64_t grain) {
  taken_.store(0, std::memory_order_relaxed);
  iterations_ = iterations;
  grain_ = grain;
  ranges_ = (iterations.end - iterations.begin + grain - 1) / grain;
}

/// Who comes too late counts as well: each thread once, since it takes no more from that end.
ThreadPool::Range ThreadPool::Share::take(End end) {
  const uint64_t one = end == End::kFront ? 1 : kOneFromBack;
  const uint64_t taken = taken_.fetch_add(one, std::memory_order_relaxed);
  const auto front = static_cast<int64_t>(taken % kOneFromBack),
             back = static_cast<int64_t>(taken / kOneFromBack);
  if (front + back >= ranges_) return {};
  const int64_t begin = iterations_.begin + (end == End::kFront ? front : ranges_ - 1 - back) * grain_;
  return {begin, std::min(begin + grain_, iterations_.end)};
}

void ThreadPool::share_out(const Job& job) {
  int64_t begin = 0;
  for (size_t thread = 0; thread < shares_.size(); ++thread) {
    const int64_t end = job.count * static_cast<int64_t>(thread + 1) / threads();
    shares_[thread].set({begin, end}, job.grain);
    begin = end;
  }
}

void ThreadPool::take_chunks(int thread) {
  const size_t own = static_cast<size_t>(thread), threads = shares_.size();
  for (size_t i = 0; i < threads; ++i) {
    Share& share = shares_[(own + i) % threads];
    for (;;) {
      const Range range = share.take(i == 0 ? End::kFront : End::kBack);
      if (range.begin >= range.end) break;
      job_.call(job_.context, range.begin, range.end, thread);
    }
  }
}

uint64_t ThreadPool::await_job(uint64_t epoch) {
  const auto has_news = [&](uint64_t state) { return (state & kOpen) != 0 && epoch_of(state) != epoch; };
  for (int spins = 0; spins < kSpins && !stop_.load(std::memory_order_relaxed); ++spins) {
    const uint64_t state = state_.load(std::memory_order_acquire);
    if (has_news(state)) return state;
    wait_a_little();
  }
  std::unique_lock lock(mutex_);
  sleepers_.fetch_add(1);
  wake_.wait(lock, [&] { return stop_.load() || has_news(state_.load()); });
  sleepers_.fetch_sub(1);
  return state_.load();
}

void ThreadPool::work(int thread) {
  uint64_t epoch = 0;
  while (!stop_.load(std::memory_order_relaxed)) {
    uint64_t state = await_job(epoch);
    if ((state & kOpen) == 0) continue;
    // Joining fails when the loop was closed, or another worker came or went, in between; then look again.
    if (!state_.compare_exchange_strong(state, state + 1)) continue;
    epoch = epoch_of(state);
    take_chunks(thread);
    state_.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace ridgeline
