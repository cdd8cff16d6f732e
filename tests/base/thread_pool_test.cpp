#include "base/thread_pool.h"

#include <array>
#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <numeric>
#include <set>
#include <vector>

namespace ridgeline {
namespace {

TEST(ThreadPool, CoversEveryIterationExactlyOnce) {
  for (int threads : {1, 2, 4}) {
    ThreadPool pool(threads);
    for (int64_t count : {0, 1, 7, 64, 1000}) {
      for (int64_t grain : {1, 3, 64, 5000}) {
        std::vector<std::atomic<int>> visits(static_cast<size_t>(count));
        pool.parallel_for(count, grain, [&](int64_t begin, int64_t end) {
          EXPECT_LE(end - begin, grain);
          for (int64_t i = begin; i < end; ++i) visits[static_cast<size_t>(i)].fetch_add(1);
        });
        for (const auto& visit : visits)
          ASSERT_EQ(visit.load(), 1) << threads << " threads, " << count << "/" << grain;
      }
    }
  }
}

TEST(ThreadPool, WritesOfABodyAreVisibleAfterTheLoop) {
  ThreadPool pool(3);
  std::vector<int64_t> values(1 << 12, 0);
  for (int64_t round = 1; round <= 200; ++round) {
    pool.parallel_for(static_cast<int64_t>(values.size()), 64, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) values[static_cast<size_t>(i)] += i;
    });
    const int64_t n = static_cast<int64_t>(values.size());
    ASSERT_EQ(std::accumulate(values.begin(), values.end(), int64_t{0}), round * n * (n - 1) / 2);
  }
}

TEST(ThreadPool, ParkedWorkersTakePartAgain) {
  ThreadPool pool(2);
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    // Neither half can finish before the other has begun, so this returns only if a second thread came.
    std::atomic<int> begun{0};
    std::mutex mutex;
    std::set<std::thread::id> threads;
    pool.parallel_for(2, 1, [&](int64_t, int64_t) {
      begun.fetch_add(1);
      while (begun.load() < 2) std::this_thread::yield();
      const std::lock_guard lock(mutex);
      threads.insert(std::this_thread::get_id());
    });
    EXPECT_EQ(threads.size(), 2U);
  }
}

TEST(ThreadPool, NoTwoThreadsAtWorkHaveOneIndex) {
  ThreadPool pool(3);
  std::vector<std::atomic<int>> at_work(3);
  pool.parallel_for(1000, 1, [&](int64_t, int64_t, int thread) {
    EXPECT_EQ(at_work[static_cast<size_t>(thread)].fetch_add(1), 0);
    at_work[static_cast<size_t>(thread)].fetch_sub(1);
  });
}

TEST(ThreadPool, EachThreadBeginsWithTheSamePartOfEveryLoop) {
  ThreadPool pool(2);
  for (int round = 0; round < 10; ++round) {
    // Neither goes on before the other has begun, so nobody takes both parts.
    std::atomic<int> begun{0};
    pool.parallel_for(10, 5, [&](int64_t begin, int64_t, int thread) {
      EXPECT_EQ(begin, thread * 5);
      begun.fetch_add(1);
      while (begun.load() < 2) std::this_thread::yield();
    });
  }
}

TEST(ThreadPool, PartsAreOfOneSizeWhateverIsTakenAtOnce) {
  ThreadPool pool(2);
  for (const int64_t grain : {4, 7, 59}) {
    std::atomic<int> begun{0};
    std::array<int64_t, 2> firsts{-1, -1};
    pool.parallel_for(60, grain, [&](int64_t begin, int64_t, int thread) {
      int64_t& first = firsts[static_cast<size_t>(thread)];
      if (first >= 0) return;
      first = begin;
      begun.fetch_add(1);
      while (begun.load() < 2) std::this_thread::yield();
    });
    EXPECT_EQ(firsts, (std::array<int64_t, 2>{0, 30})) << grain;
  }
}

TEST(ThreadPool, OthersFinishThePartOfAThreadThatIsHeldUp) {
  ThreadPool pool(3);
  std::atomic<int> done{0};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  pool.parallel_for(30, 1, [&](int64_t begin, int64_t) {
    const bool is_held_up = begin == 0;
    while (is_held_up && done.load() < 29 && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    const int before = done.fetch_add(1);
    EXPECT_TRUE(!is_held_up || before == 29);
  });
}

TEST(ThreadPool, OthersHelpAThreadFromTheEndOfItsPart) {
  ThreadPool pool(2);
  std::vector<int64_t> helped;
  std::atomic<bool> has_begun{false};
  std::atomic<int> done{0};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  pool.parallel_for(8, 1, [&](int64_t begin, int64_t, int thread) {
    if (thread == 0) has_begun.store(true);
    // The helper waits until the other has its first iteration, and that one until the rest are done.
    while ((thread == 0 ? done.load() < 7 : !has_begun.load()) && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    if (thread == 1) helped.push_back(begin);
    done.fetch_add(1);
  });
  EXPECT_EQ(helped, (std::vector<int64_t>{4, 5, 6, 7, 3, 2, 1}));
}

TEST(ThreadPool, OneThreadRunsInline) {
  ThreadPool pool(1);
  const auto caller = std::this_thread::get_id();
  pool.parallel_for(10, 2, [&](int64_t, int64_t) { EXPECT_EQ(std::this_thread::get_id(), caller); });
  EXPECT_EQ(pool.threads(), 1);
}

TEST(ThreadPool, PoolsWithoutWorkEndAtOnce) {
  for (int i = 0; i < 50; ++i) ThreadPool pool(3);
}

}  // namespace
}  // namespace ridgeline
