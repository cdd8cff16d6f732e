#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace ridgeline {

/// A fixed budget of threads that share the iterations of one loop at a time. The calling thread works too,
/// so a pool of 1 starts no thread and runs everything inline. A thread begins with the same part of every
/// loop, as large as the others', whose inputs it often wrote in the one before, and then helps the others
/// with theirs. Workers spin for some tens of microseconds after a loop, since the next operator usually
/// follows at once, and park after that.
class ThreadPool {
 public:
  /// `threads` counts the calling thread and is at least 1.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// Calls body(begin, end), or body(begin, end, thread) with the thread's index, for disjoint ranges that
  /// cover [0, count), each of `grain` iterations or fewer, in any order and on any thread of the pool;
  /// returns when all are done. Fewer than 2^32 ranges. Allocates nothing. Only one thread may call this at a
  /// time, of a pool of 1 any number; a body must not call it on its own pool. `body` must not throw.
  template <typename Body>
  void parallel_for(int64_t count, int64_t grain, const Body& body) {
    const auto call = [](const void* context, int64_t begin, int64_t end, int thread) {
      if constexpr (std::is_invocable_v<const Body&, int64_t, int64_t, int>)
        (*static_cast<const Body*>(context))(begin, end, thread);
      else
        (*static_cast<const Body*>(context))(begin, end);
    };
    run(Job{call, &body, count, grain < 1 ? 1 : grain});
  }

 private:
  struct Job {
    void (*call)(const void* context, int64_t begin, int64_t end, int thread) = nullptr;
    const void* context = nullptr;
    int64_t count = 0;
    int64_t grain = 1;
  };

  struct Range {
    int64_t begin = 0, end = 0;
  };

  enum class End { kFront, kBack };

  /// The iterations that a thread begins with and takes from the front, so that it may keep what the next
  /// ones need, while others help from the back.
  class alignas(64) Share {
   public:
    /// While nobody takes.
    void set(const Range& iterations, int64_t grain);
    /// `grain` iterations or what is left of them; empty when all are taken.
    Range take(End end);

   private:
    static constexpr uint64_t kOneFromBack = uint64_t{1} << 32;

    std::atomic<uint64_t> taken_{0};  ///< ranges from the front, and from the back in units of kOneFromBack
    Range iterations_;
    int64_t grain_ = 1, ranges_ = 0;
  };

  void run(const Job& job);
  void share_out(const Job& job);
  void work(int thread);
  void take_chunks(int thread);
  /// The next state that has something for a worker who has seen `epoch`, after spinning and then parking.
  uint64_t await_job(uint64_t epoch);

  // state_: bits 33.. count the loops (the epoch), bit 32 says that workers may still enter the current one,
  // bits 0..31 count the workers inside it. job_ and shares_ change only while the loop is closed and nobody
  // is inside.
  std::atomic<uint64_t> state_{0};
  Job job_;
  std::vector<Share> shares_;  ///< one for each thread
  alignas(64) std::atomic<bool> stop_{false};
  std::atomic<int> sleepers_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::thread> workers_;
};

}  // namespace ridgeline
