#pragma once

#include <atomic>
#include <condition_variable>
#include <gtest/gtest.h>
#include <mutex>
#include <vector>

#include "serve/core/call.h"

namespace ridgeline::serve {

/// A client that keeps what it is told.
class KeptAnswers final : public Client {
 public:
  void answer(Result<Answer> answer) override {
    const std::lock_guard lock(mutex_);
    EXPECT_FALSE(ended_) << "an answer after the end";
    answers_.push_back(std::move(answer));
  }
  void end() override {
    {
      const std::lock_guard lock(mutex_);
      EXPECT_FALSE(ended_) << "two ends";
      ended_ = true;
    }
    changed_.notify_all();
  }
  bool has_gone() const override { return gone_; }

  void go() { gone_ = true; }
  bool ended() const {
    const std::lock_guard lock(mutex_);
    return ended_;
  }
  /// All answers, once there are no more.
  std::vector<Result<Answer>> await() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(60), [this] { return ended_; })) << "no end";
    return answers_;
  }
  /// The only answer.
  Result<Answer> await_one() {
    const auto answers = await();
    EXPECT_EQ(answers.size(), 1u);
    return answers.empty() ? internal_error("no answer") : answers.front();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Result<Answer>> answers_;
  bool ended_ = false;
  std::atomic<bool> gone_{false};
};

}  // namespace ridgeline::serve
