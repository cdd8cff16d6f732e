#include "serve/scheduling/decide.h"

#include <gtest/gtest.h>

#include "serve/queue_text.h"

namespace ridgeline::serve {
namespace {

using std::chrono::microseconds;

BatchPolicy policy(int64_t max_batch, std::vector<int64_t> preferred = {}, int64_t delay_us = 0) {
  BatchPolicy made;
  made.max_batch_size = max_batch;
  made.preferred_batch_sizes = std::move(preferred);
  made.max_queue_delay = microseconds(delay_us);
  return made;
}

Expected expected(int64_t rows, int64_t until_us) { return {rows, at_us(until_us)}; }

struct Case {
  const char* promise;
  const char* queue;
  int64_t now_us;
  const char* decision;
};

void expect_all(const BatchPolicy& policy, std::initializer_list<Case> cases,
                const Expected& more = Expected()) {
  for (const Case& row : cases)
    EXPECT_EQ(text_of(decide(queue_of(row.queue), policy, at_us(row.now_us), more)), row.decision)
        << row.promise;
}

TEST(Decide, TakesAllThereIsWhenNoDelayIsConfigured) {
  expect_all(policy(8), {{"nothing waits", "", 0, ""},
                         {"one", "1a", 0, "run 0 idle"},
                         {"several", "1a 2a 3a", 0, "run 0 1 2 idle"},
                         {"as many as fit exactly", "4a 4a", 0, "run 0 1 full"},
                         {"no more than fit", "4a 3a 2a", 0, "run 0 1 full"},
                         {"a small one does not overtake one that does not fit", "4a 5a 1a", 0, "run 0 full"},
                         {"the largest", "8a 1a", 0, "run 0 full"},
                         {"others have another shape", "1a 1b 1a", 0, "run 0 2 shape"}});
}

TEST(Decide, RunsEachRequestAloneWithoutDynamicBatchingOrABatchDimension) {
  BatchPolicy off = policy(8, {4}, 500);
  off.dynamic = false;
  expect_all(off, {{"the first", "1a 1a", 0, "run 0 full"}, {"of any shape", "3b 1a", 0, "run 0 full"}});
  expect_all(policy(0), {{"the first", "1a 1a", 0, "run 0 full"}});
  expect_all(policy(0, {}, 500), {{"without waiting for others", "1a", 0, "run 0 full"}});
}

TEST(Decide, WaitsForAPreferredSizeUntilTheDelayOfTheOldestIsSpent) {
  expect_all(policy(8, {4, 8}, 500),
             {{"one waits", "1a@100", 100, "again 600"},
              {"until just before", "1a@100 2a@300", 599, "again 600"},
              {"until then", "1a@100 2a@300", 600, "run 0 1 delay"},
              {"a preferred size goes at once", "1a 3a", 0, "run 0 1 preferred"},
              {"and leaves the rest", "1a 3a 1a", 0, "run 0 1 preferred"},
              {"the largest that is reached", "1a 3a 4a", 0, "run 0 1 2 full"},
              {"the largest reached by whole requests", "2a 2a 3a 3a", 0, "run 0 1 preferred"},
              {"no preferred size can be reached any more", "3a 6a", 0, "run 0 full"},
              {"the delay spent, all that fits goes", "1a@0 3a@0 1a@0", 500, "run 0 1 2 delay"},
              {"the delay spent, a preferred size is still told", "1a@0 3a@0", 500, "run 0 1 preferred"},
              {"the oldest counts, wherever it stands", "1a@300 1a@100", 600, "run 0 1 delay"}});
  expect_all(policy(8, {8}, 500), {{"the default is the whole batch", "4a 3a", 0, "again 500"},
                                   {"which is then full", "4a 4a", 0, "run 0 1 full"}});
  expect_all(policy(8, {4}),
             {{"without a delay the preferred size comes first", "3a 1a 1a", 0, "run 0 1 preferred"},
              {"then the rest", "1a", 0, "run 0 idle"},
              {"which may be larger than all preferred", "6a 1a", 0, "run 0 full"},
              {"and larger ones are not joined", "3a 3a", 0, "run 0 full"}});
  expect_all(policy(8, {}, 500), {{"no preferred size at all", "4a 3a", 0, "again 500"},
                                  {"but what is full goes", "4a 3a 2a", 0, "run 0 1 full"}});
}

TEST(Decide, WaitsForTheClientsOfTheLastBatchWhereNoDelayIsConfigured) {
  expect_all(policy(8),
             {{"the first of them waits", "1a", 100, "again 600"},
              {"until all are back", "1a 2a", 100, "run 0 1 idle"},
              {"or more than all", "1a 3a", 100, "run 0 1 idle"},
              {"or the time is over", "1a", 600, "run 0 idle"},
              {"a full batch goes", "8a", 100, "run 0 full"},
              {"other shapes are not kept waiting", "1a 1b", 100, "run 0 shape"},
              {"nobody is kept waiting for nobody", "", 100, ""}},
             expected(3, 600));
  expect_all(policy(8), {{"a client alone never waits", "1a", 100, "run 0 idle"}}, expected(1, 600));
  expect_all(policy(8, {2}), {{"a preferred size goes", "1a 1a", 100, "run 0 1 preferred"}},
             expected(3, 600));
  expect_all(policy(8, {8}, 50), {{"a delay that is configured is what counts", "1a@0", 50, "run 0 delay"}},
             expected(3, 600));
  BatchPolicy expiring = policy(8);
  expiring.default_queue_policy.default_timeout_us = 1200;
  expect_all(expiring,
             {{"nothing expires meanwhile", "1a@0", 100, "again 200"},
              {"it goes before", "1a@0", 200, "run 0 idle"}},
             expected(3, 600));
  BatchPolicy draining = policy(8);
  draining.draining = true;
  expect_all(draining, {{"nor does a server that ends", "1a", 100, "run 0 drain"}}, expected(3, 600));
}

TEST(Decide, BatchesMixedShapesWithinTheirBucketsAndTheOldestBucketFirst) {
  expect_all(policy(4, {4}, 500),
             {{"alternating shapes still fill a batch", "1a 1b 1a 1b 1a 1b 1a 1b", 0, "run 0 2 4 6 full"},
              {"a full bucket need not wait for an older one", "1a@0 4b@10", 10, "run 1 full"},
              {"until that one is due", "1a@0 4b@10", 500, "run 0 delay"},
              {"each bucket has its own delay", "1a@200 1b@100", 300, "again 600"},
              {"each bucket has its own head of line", "3a 2a 2b 2b", 0, "run 0 full"},
              {"the older of two full ones", "1a 4b 3a", 0, "run 0 2 full"}});
}

TEST(Decide, ServesLevelsInTheirOrderAndArrivalWithinThem) {
  BatchPolicy levels = policy(2);
  levels.priority_levels = 3;
  levels.default_priority_level = 2;
  expect_all(levels, {{"the most urgent first", "1ap3 1ap2 1ap1", 0, "run 2 1 full"},
                      {"no level means the default", "1ap3 1a 1ap2", 0, "run 1 2 full"},
                      {"nor does one that does not exist", "1ap3 1ap9 1ap2", 0, "run 1 2 full"},
                      {"arrival within a level", "1ap2 1ap2 1ap2", 0, "run 0 1 full"},
                      {"an urgent shape goes before a full batch", "2ap2 1bp1", 0, "run 1 shape"}});
  levels.max_queue_delay = microseconds(500);
  expect_all(levels, {{"and is closed early rather than overtaken", "2ap2 1bp1", 0, "run 1 shape"},
                      {"but waits where nothing else is ready", "1ap2@0 1bp1@10", 10, "again 500"},
                      {"a ready batch of the same level may go first", "1ap2 2bp2", 0, "run 1 full"}});
}

TEST(Decide, RejectsOrDelaysWhatWaitedLongerThanItsPolicyAllows) {
  BatchPolicy rejecting = policy(4);
  rejecting.default_queue_policy.default_timeout_us = 300;
  expect_all(rejecting, {{"not before", "1a@0 1a@100", 299, "run 0 1 idle"},
                         {"then", "1a@0 1a@100", 300, "run 1 idle; expired 0"},
                         {"all", "1a@0 1a@100", 400, "expired 0 1"},
                         {"nothing may be overridden", "1a@0t100", 200, "run 0 idle"},
                         {"what stays is looked at in time", "4a@0 1a@50", 100, "run 0 full; again 350"}});
  rejecting.default_queue_policy.allow_timeout_override = true;
  expect_all(rejecting, {{"a shorter one counts", "1a@0t100", 100, "expired 0"},
                         {"a longer one does not", "1a@0t900", 300, "expired 0"}});
  rejecting.default_queue_policy.default_timeout_us = 0;
  expect_all(rejecting, {{"none is longer than any", "1a@0t100 1a@0", 100, "run 1 idle; expired 0"}});

  BatchPolicy delaying = policy(2);
  delaying.default_queue_policy = {TimeoutAction::kDelay, 300};
  expect_all(delaying, {{"goes behind the others", "1a@0 1a@100 1a@200", 350, "run 1 2 full"},
                        {"and runs when there are none", "1a@0 1a@10", 900, "run 0 1 full"}});
  delaying.priority_levels = 2;
  delaying.default_priority_level = 1;
  expect_all(delaying, {{"but before less urgent ones", "1ap1@0 1ap2@250 1ap1@240", 300, "run 2 0 full"}});
}

TEST(Decide, GivesLevelsTheirOwnPolicies) {
  BatchPolicy levels = policy(4);
  levels.priority_levels = 2;
  levels.default_priority_level = 2;
  levels.priority_queue_policies[1] = {TimeoutAction::kReject, 100};
  expect_all(levels, {{"only that level expires", "1ap1@0 1ap2@0", 200, "run 1 idle; expired 0"}});
}

TEST(Decide, SendsABatchOffBeforeOneOfItsRequestsExpires) {
  BatchPolicy waits = policy(8, {8}, 10'000);
  waits.default_queue_policy = {TimeoutAction::kReject, 5'000, true};
  expect_all(waits, {{"wakes with the slack of a timer", "1a@0 1a@100", 200, "again 4000"},
                     {"and goes", "1a@0 1a@100", 4'000, "run 0 1 timeout"},
                     {"whoever is the first to expire", "1a@0 1a@100t2000", 200, "again 1100"},
                     {"at once when the time is shorter than the slack", "1a@0t900", 0, "run 0 timeout"}});
  waits.default_queue_policy.timeout_action = TimeoutAction::kDelay;
  expect_all(waits, {{"delayed requests lose nothing by waiting", "1a@0", 4'000, "again 10000"}});
}

TEST(Decide, KeepsTheOrderOfArrivalWhenAsked) {
  BatchPolicy ordered = policy(4, {4}, 500);
  ordered.preserve_ordering = true;
  expect_all(ordered, {{"another shape ends the batch", "1a 1b 1a 1a 1a", 0, "run 0 shape"},
                       {"even where that one is full", "1a 4b", 0, "run 0 shape"},
                       {"the same shape waits as ever", "1a 1a", 0, "again 500"},
                       {"and fills as ever", "2a 2a 1b", 0, "run 0 1 full"}});
}

TEST(Decide, DropsWhatWasCancelled) {
  expect_all(policy(2), {{"one", "1ax 1a 1a", 0, "run 1 2 full; cancelled 0"},
                         {"all", "1ax 1bx", 0, "cancelled 0 1"},
                         {"it does not hold others up", "1a 1ax 1a", 0, "run 0 2 full; cancelled 1"}});
  BatchPolicy expiring = policy(2);
  expiring.default_queue_policy.default_timeout_us = 1;
  expect_all(expiring, {{"nobody waits for the rejection", "1a@0x", 100, "cancelled 0"}});
}

TEST(Decide, WaitsForNothingWhileDraining) {
  BatchPolicy draining = policy(8, {4}, 500);
  draining.draining = true;
  expect_all(draining, {{"what there is", "1a 1a 1b", 0, "run 0 1 drain"},
                        {"what is preferred, as ever", "2a 2a", 0, "run 0 1 preferred"}});
}

TEST(QueuePolicy, SweepsWhatLeavesTheQueueWhileAllInstancesAreBusy) {
  BatchPolicy levels = policy(8);
  levels.default_queue_policy = {TimeoutAction::kReject, 100};
  const Sweep swept = sweep(queue_of("1a@0 1a@10x 1a@80 1a@70"), levels, at_us(100));
  EXPECT_EQ(swept.expired, std::vector<size_t>{0});
  EXPECT_EQ(swept.cancelled, std::vector<size_t>{1});
  EXPECT_EQ(swept.next_expiry, at_us(170));
  EXPECT_EQ(sweep(queue_of("1a"), policy(8), at_us(100)).next_expiry, std::nullopt);
}

TEST(QueuePolicy, LetsALevelGrowToItsSizeAndRefusesWithTritonsText) {
  BatchPolicy levels = policy(8);
  levels.priority_levels = 2;
  levels.default_priority_level = 2;
  levels.default_queue_policy.max_queue_size = 2;
  levels.priority_queue_policies[1].max_queue_size = 1;
  const Pending urgent = queue_of("1ap1").front();
  const Pending usual = queue_of("1a").front();
  EXPECT_TRUE(admit(queue_of("1ap2 1ap1"), usual, levels, "7").ok());
  EXPECT_TRUE(admit(queue_of("1ap2 1ap2x"), usual, levels, "7").ok()) << "a cancelled one is on its way out";
  const Status full = admit(queue_of("1ap2 1ap2"), usual, levels, "7");
  EXPECT_EQ(full.code(), ErrorCode::kUnavailable);
  EXPECT_EQ(full.message(), "[request id: 7] Exceeds maximum queue size");
  EXPECT_EQ(admit(queue_of("1ap1"), urgent, levels, "").message(),
            "[request id: <id_unknown>] Exceeds maximum queue size");
  EXPECT_TRUE(admit(queue_of("1a 1a 1a 1a"), usual, policy(8), "").ok());
}

TEST(QueuePolicy, AnswersInTritonsWords) {
  EXPECT_EQ(timeout_expired().message(), "Request timeout expired");
  EXPECT_EQ(timeout_expired().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(
      server_stopping("a").message(),
      "[request id: a] Server is stopping, scheduler for model has stopped accepting new inference requests");
}

TEST(Decide, TakesTheLongestDelayThatAConfigurationCanSay) {
  BatchPolicy endless = policy(8, {8});
  endless.max_queue_delay = nanos_of_us(UINT64_MAX);
  EXPECT_EQ(decide(queue_of("1a@100"), endless, at_us(200)).look_again, TimePoint::max());
}

TEST(QueuePolicy, TakesTheLongestTimeoutThatAClientCanWrite) {
  BatchPolicy patient = policy(8, {8}, 500);
  patient.default_queue_policy.allow_timeout_override = true;
  std::vector<Pending> queue = queue_of("1a@100");
  queue[0].timeout = Nanos::max();
  EXPECT_EQ(text_of(decide(queue, patient, at_us(100))), "again 600");
}

}  // namespace
}  // namespace ridgeline::serve
