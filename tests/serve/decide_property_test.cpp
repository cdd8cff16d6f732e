#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <numeric>
#include <set>

#include "base/rng.h"
#include "serve/queue_text.h"
#include "serve/scheduling/decide.h"

namespace ridgeline::serve {
namespace {

using std::chrono::microseconds;

std::string describe(const std::vector<Pending>& queue) {
  std::string text;
  for (const Pending& request : queue)
    text += fmt::format("{}{}@{}p{}{} ", request.rows, static_cast<char>(request.bucket),
                        request.enqueued.time_since_epoch() / microseconds(1), request.priority,
                        request.cancelled ? "x" : "");
  return text;
}

/// What every decision owes, whatever the policy.
void expect_sound(const std::vector<Pending>& queue, const BatchPolicy& policy, TimePoint now) {
  const BatchDecision decision = decide(queue, policy, now);
  std::multiset<size_t> positions(decision.run.begin(), decision.run.end());
  positions.insert(decision.cancelled.begin(), decision.cancelled.end());
  positions.insert(decision.expired.begin(), decision.expired.end());
  for (size_t i = 0; i < queue.size(); ++i) ASSERT_LE(positions.count(i), 1U) << "twice: " << describe(queue);
  std::vector<size_t> left;
  uint64_t urgent = UINT64_MAX;
  for (size_t i = 0; i < queue.size(); ++i) {
    const Standing standing = standing_of(queue[i], policy, now);
    const bool waits =
        standing.state == Standing::State::kWaiting || standing.state == Standing::State::kDelayed;
    if (waits) urgent = std::min(urgent, standing.level);
    if (positions.count(i) == 0) left.push_back(i);
    if (positions.count(i) == 0) {
      ASSERT_TRUE(waits) << "kept though it is done: " << describe(queue);
    }
  }
  if (decision.run.empty()) {
    for (const size_t i : left)
      ASSERT_LT(now - queue[i].enqueued, policy.max_queue_delay)
          << "waits past its delay: " << describe(queue);
    ASSERT_EQ(decision.look_again.has_value(), !left.empty()) << describe(queue);
    if (!left.empty()) {
      ASSERT_GT(*decision.look_again, now) << describe(queue);
    }
    return;
  }
  int64_t rows = 0;
  for (const size_t i : decision.run) {
    rows += queue[i].rows;
    ASSERT_EQ(queue[i].bucket, queue[decision.run.front()].bucket) << "shapes are mixed: " << describe(queue);
  }
  ASSERT_TRUE(rows <= policy.max_batch_size || decision.run.size() == 1) << describe(queue);
  ASSERT_EQ(standing_of(queue[decision.run.front()], policy, now).level, urgent) << describe(queue);
  if (policy.preserve_ordering) {
    for (const size_t i : left) ASSERT_GT(i, decision.run.back()) << "order lost: " << describe(queue);
  }
}

/// Calls `check` with every queue of up to `most` requests drawn from `kinds`.
void for_all_queues(const std::vector<Pending>& kinds, size_t most,
                    const std::function<void(const std::vector<Pending>&)>& check) {
  std::vector<Pending> queue;
  const std::function<void()> extend = [&] {
    check(queue);
    if (queue.size() == most) return;
    for (const Pending& kind : kinds) {
      queue.push_back(kind);
      extend();
      queue.pop_back();
    }
  };
  extend();
}

TEST(DecideProperty, EverySmallQueueIsDecidedSoundlyUnderEveryKindOfPolicy) {
  const std::vector<Pending> kinds = queue_of("1ap1@0 2ap1@50 1bp2@0 3bp2@80 1ap2@90t20 2bp1@10x 1cp2@60");
  for (const int64_t max_batch : {1, 3, 4})
    for (const std::vector<int64_t>& preferred : {std::vector<int64_t>{}, {2}, {1, 3}})
      for (const int64_t delay_us : {0, 45, 1000})
        for (const int mode : {0, 1, 2, 3}) {
          BatchPolicy policy;
          policy.max_batch_size = max_batch;
          for (const int64_t size : preferred)
            if (size <= max_batch) policy.preferred_batch_sizes.push_back(size);
          policy.max_queue_delay = microseconds(delay_us);
          policy.preserve_ordering = mode == 1;
          policy.priority_levels = mode == 2 ? 2 : 0;
          policy.default_priority_level = mode == 2 ? 1 : 0;
          policy.default_queue_policy = {mode == 3 ? TimeoutAction::kReject : TimeoutAction::kDelay,
                                         mode >= 2 ? 60U : 0U, mode == 3};
          std::vector<Pending> fitting = kinds;
          std::erase_if(fitting, [&](const Pending& kind) { return kind.rows > max_batch; });
          for_all_queues(fitting, 4, [&](const auto& queue) { expect_sound(queue, policy, at_us(100)); });
          if (HasFatalFailure()) return;
        }
}

/// A server with a clock of its own: requests arrive at random, instances compute for random times, timers
/// ring when asked to.
class Server {
 public:
  Server(const BatchPolicy& policy, size_t instances, uint64_t seed)
      : policy_(policy), busy_until_(instances), random_(seed) {}

  void run(size_t requests) {
    TimePoint next_arrival = now_;
    size_t arrived = 0;
    while (arrived < requests || !queue_.empty()) {
      while (arrived < requests && next_arrival <= now_) {
        arrive(arrived++);
        next_arrival += microseconds(random_.below(120));
      }
      timer_.reset();
      serve();
      TimePoint next = timer_.value_or(TimePoint::max());
      if (arrived < requests) next = std::min(next, next_arrival);
      for (const TimePoint busy : busy_until_)
        if (busy > now_) next = std::min(next, busy);
      ASSERT_TRUE(queue_.empty() || next != TimePoint::max()) << "nobody will ever look again";
      if (next != TimePoint::max()) now_ = next;
    }
  }

  std::vector<int> outcomes;      ///< of each request: how often it was run, rejected or dropped
  std::vector<size_t> run_order;  ///< tickets
  size_t expired = 0;
  Nanos longest_idle_wait{0};  ///< of a request, while an instance was idle

 private:
  void arrive(size_t ticket) {
    Pending request;
    request.rows = 1 + static_cast<int64_t>(random_.below(policy_.max_batch_size));
    request.bucket = 'a' + random_.below(3);
    request.priority = 1 + random_.below(3);
    request.timeout = microseconds(random_.below(4) == 0 ? 500 + random_.below(5000) : 0);
    request.enqueued = now_;
    request.cancelled = random_.below(20) == 0;
    queue_.push_back(request);
    tickets_.push_back(ticket);
    outcomes.push_back(0);
  }

  void serve() {
    for (TimePoint& busy : busy_until_) {
      if (busy > now_) continue;
      const BatchDecision decision = decide(queue_, policy_, now_);
      timer_ = decision.look_again;
      expired += decision.expired.size();
      for (const size_t i : decision.run) run_order.push_back(tickets_[i]);
      const bool ran = !decision.run.empty();
      remove(decision);
      if (!ran) {
        for (const Pending& request : queue_)
          longest_idle_wait = std::max(longest_idle_wait, now_ - request.enqueued);
        return;
      }
      busy = now_ + microseconds(50 + random_.below(300));
    }
  }

  void remove(const BatchDecision& decision) {
    std::vector<bool> gone(queue_.size());
    for (const auto* list : {&decision.run, &decision.cancelled, &decision.expired})
      for (const size_t i : *list) {
        gone[i] = true;
        ++outcomes[tickets_[i]];
      }
    size_t kept = 0;
    for (size_t i = 0; i < queue_.size(); ++i) {
      if (gone[i]) continue;
      queue_[kept] = queue_[i];
      tickets_[kept++] = tickets_[i];
    }
    queue_.resize(kept);
    tickets_.resize(kept);
  }

  BatchPolicy policy_;
  std::vector<TimePoint> busy_until_;
  Rng random_;
  TimePoint now_ = at_us(0);
  std::vector<Pending> queue_;
  std::vector<size_t> tickets_;
  std::optional<TimePoint> timer_;
};

BatchPolicy usual_policy() {
  BatchPolicy policy;
  policy.max_batch_size = 6;
  policy.preferred_batch_sizes = {4, 6};
  policy.max_queue_delay = microseconds(400);
  return policy;
}

TEST(DecideProperty, AServerLosesNothingAnswersNothingTwiceAndWaitsNoLongerThanTheDelay) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    BatchPolicy policy = usual_policy();
    if (seed % 2 == 1) policy.priority_levels = policy.default_priority_level = 3;
    if (seed % 4 >= 2) policy.default_queue_policy = {TimeoutAction::kReject, 3000, true};
    Server server(policy, 1 + seed % 3, seed);
    server.run(2000);
    EXPECT_EQ(server.outcomes, std::vector<int>(2000, 1)) << seed;
    EXPECT_LT(server.longest_idle_wait, policy.max_queue_delay) << seed;
  }
}

TEST(DecideProperty, NothingExpiresWhileAnInstanceIsIdle) {
  BatchPolicy policy = usual_policy();
  policy.max_queue_delay = microseconds(20'000);
  policy.default_queue_policy.allow_timeout_override = true;
  Server server(policy, 400, 7);  // more instances than can ever be busy
  server.run(2000);
  EXPECT_EQ(server.expired, 0U);
  EXPECT_EQ(server.outcomes, std::vector<int>(2000, 1));
}

TEST(DecideProperty, RequestsStartInTheOrderOfArrivalWhenThatIsToBeKept) {
  BatchPolicy policy = usual_policy();
  policy.preserve_ordering = true;
  Server server(policy, 2, 11);
  server.run(2000);
  EXPECT_TRUE(std::ranges::is_sorted(server.run_order));
}

TEST(DecideProperty, ARareShapeIsServedUnderAFloodOfAnother) {
  BatchPolicy policy = usual_policy();
  std::vector<Pending> queue = queue_of("1b@0 6a@0 6a@0 6a@0");
  int batches = 0;
  for (TimePoint now = at_us(0); queue.front().bucket == 'b'; now += microseconds(100)) {
    const BatchDecision decision = decide(queue, policy, now);
    ASSERT_EQ(decision.run.size(), 1U);
    queue.erase(queue.begin() + static_cast<ptrdiff_t>(decision.run.front()));
    queue.push_back(queue_of("6a").front());
    queue.back().enqueued = now;
    ASSERT_LE(++batches, 5) << "starves";
  }
}

}  // namespace
}  // namespace ridgeline::serve
