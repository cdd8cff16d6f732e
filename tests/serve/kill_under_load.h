#pragma once

#include <atomic>
#include <chrono>
#include <csignal>
#include <gtest/gtest.h>
#include <optional>
#include <set>
#include <sys/types.h>
#include <thread>

#include "base/rng.h"

namespace ridgeline::serve {

/// For three seconds kills, each time after `least` and up to `more` on top, the process that answered last,
/// while `ask(i)` is called on: it tells which process answered, or nothing where the request failed. A kill
/// may fail one request at most, and a new process has to answer.
template <typename Ask>
void kill_under_load(pid_t first, std::chrono::milliseconds least, std::chrono::milliseconds more,
                     const Ask& ask) {
  std::atomic<pid_t> process = first;
  std::atomic<bool> done = false;
  int kills = 0;
  std::thread killer([&] {
    Rng rng(1);
    for (pid_t last = -1; !done;) {
      std::this_thread::sleep_for(
          least + std::chrono::milliseconds(rng.next() % static_cast<uint64_t>(more.count())));
      if (process == last) continue;
      last = process;
      kill(last, SIGKILL);
      ++kills;
    }
  });
  int failed = 0;
  std::set<pid_t> processes;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  for (float i = 1; std::chrono::steady_clock::now() < end; ++i) {
    const std::optional<pid_t> answered = ask(i);
    if (!answered) {
      ++failed;
      continue;
    }
    process = *answered;
    processes.insert(*answered);
  }
  done = true;
  killer.join();
  EXPECT_GE(kills, 2);
  EXPECT_LE(failed, kills);
  EXPECT_GE(processes.size(), 2u);
}

}  // namespace ridgeline::serve
