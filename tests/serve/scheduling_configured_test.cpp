#include <gtest/gtest.h>

#include "serve/scheduling/configured.h"

namespace ridgeline::serve {
namespace {

using std::chrono::microseconds;

ModelConfig config(int32_t max_batch_size, Scheduling scheduling) {
  ModelConfig made;
  made.name = "m";
  made.max_batch_size = max_batch_size;
  made.scheduling = std::move(scheduling);
  return made;
}

TEST(Configured, WithoutDynamicBatchingRequestsRunAlone) {
  EXPECT_FALSE(batch_policy_of(config(8, {})).dynamic);
}

TEST(Configured, DynamicBatchingPrefersTheWholeBatchUnlessToldOtherwise) {
  DynamicBatching batching;
  EXPECT_EQ(batch_policy_of(config(8, batching)).preferred_batch_sizes, std::vector<int64_t>{8});
  batching.preferred_batch_sizes = {8, 4, 8};
  batching.max_queue_delay_us = 500;
  batching.default_queue_policy = QueuePolicy{TimeoutAction::kDelay, 7, true, 9};
  const BatchPolicy policy = batch_policy_of(config(8, batching));
  EXPECT_TRUE(policy.dynamic);
  EXPECT_EQ(policy.max_batch_size, 8);
  EXPECT_EQ(policy.preferred_batch_sizes, (std::vector<int64_t>{4, 8}));
  EXPECT_EQ(policy.max_queue_delay, microseconds(500));
  EXPECT_EQ(policy.default_queue_policy.max_queue_size, 9U);
}

TEST(Configured, SequencesHaveAsManySlotsAsTheirStrategySays) {
  SequenceBatching sequences;
  sequences.max_sequence_idle_us = 5;
  const SequencePolicy plain = sequence_policy_of(config(4, sequences), sequences, 2);
  EXPECT_EQ(plain.strategy, SequenceStrategy::kDirect);
  EXPECT_EQ(plain.slots, 4U);
  EXPECT_EQ(plain.instances, 2U);
  EXPECT_EQ(plain.max_idle, microseconds(5));
  sequences.strategy = DirectStrategy{300, 0.5F};
  const SequencePolicy direct = sequence_policy_of(config(0, sequences), sequences, 1);
  EXPECT_EQ(direct.slots, 1U);
  EXPECT_EQ(direct.batching.max_queue_delay, microseconds(300));
  EXPECT_EQ(direct.minimum_slot_utilization, 0.5);
  sequences.strategy = OldestStrategy{.max_candidate_sequences = 6, .preserve_ordering = true};
  const SequencePolicy oldest = sequence_policy_of(config(4, sequences), sequences, 1);
  EXPECT_EQ(oldest.strategy, SequenceStrategy::kOldest);
  EXPECT_EQ(oldest.slots, 6U);
  EXPECT_EQ(oldest.batching.preferred_batch_sizes, std::vector<int64_t>{4});
  EXPECT_TRUE(oldest.batching.preserve_ordering);
}

TEST(Configured, ASequenceMayBeIdleForASecondUnlessToldOtherwise) {
  const SequenceBatching sequences;
  EXPECT_EQ(sequence_policy_of(config(4, sequences), sequences, 1).max_idle, std::chrono::seconds(1));
}

}  // namespace
}  // namespace ridgeline::serve
