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
/// loop, whose inputs it often wrote in the one before, and then helps the others with theirs. Workers spin
/// for some tens of microseconds after a loop, since the next operator usually follows at once, and park
/// after that.
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
  /// returns when all are done. Allocates nothing. Only one thread may call this at a time, and a body must
  /// not call it on its own pool. `body` must not throw.
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

  /// The iterations that a thread begins with.
  struct alignas(64) Share {
    std::atomic<int64_t> next{0};
    int64_t end = 0;
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
