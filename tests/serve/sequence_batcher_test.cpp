#include "serve/scheduling/sequence_batcher.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rng.h"
#include "serve/queue_text.h"

namespace ridgeline::serve {
namespace {

using std::chrono::microseconds;

SequencePolicy direct(size_t instances, size_t slots) {
  SequencePolicy policy;
  policy.model = "rnn";
  policy.instances = instances;
  policy.slots = slots;
  policy.max_idle = microseconds(1000);
  return policy;
}

SequencePolicy oldest(size_t slots, int64_t max_batch) {
  SequencePolicy policy = direct(1, slots);
  policy.strategy = SequenceStrategy::kOldest;
  policy.batching.max_batch_size = max_batch;
  return policy;
}

/// "S" starts, "E" ends its sequence.
SequenceRequest request(uint64_t ticket, uint64_t sequence, std::string_view flags = "", int64_t at = 0) {
  SequenceRequest made;
  made.ticket = ticket;
  made.sequence = sequence;
  made.start = flags.find('S') != std::string_view::npos;
  made.end = flags.find('E') != std::string_view::npos;
  made.arrived = at_us(at);
  return made;
}

void enqueue(SequenceBatcher& batcher, std::initializer_list<SequenceRequest> requests) {
  for (const SequenceRequest& made : requests) ASSERT_TRUE(batcher.enqueue(made).ok());
}

/// "11S - 13 idle": tickets with their START and END, "-" for padding, then why.
std::string text_of(const SequenceStep& step) {
  std::string text;
  for (const SequenceRow& row : step.rows) {
    EXPECT_EQ(row.ticket.has_value(), row.ready);
    text += row.ticket ? fmt::format("{}{}{} ", *row.ticket, row.start ? "S" : "", row.end ? "E" : "") : "- ";
  }
  if (!step.rows.empty()) return text + std::string(name_of(step.reason));
  return step.look_again ? fmt::format("again {}", step.look_again->time_since_epoch() / microseconds(1))
                         : "";
}

TEST(SequenceBatcher, ASequenceKeepsItsRowAndOthersArePadded) {
  SequenceBatcher batcher(direct(1, 3));
  enqueue(batcher, {request(1, 10, "S"), request(2, 20, "S"), request(3, 30, "S")});
  const SequenceStep first = batcher.step(0, at_us(0));
  EXPECT_EQ(text_of(first), "1S 2S 3S full");
  EXPECT_EQ(first.rows[1].sequence, CorrelationId(uint64_t{20}));
  batcher.complete(0, at_us(10));
  enqueue(batcher, {request(4, 20), request(5, 30, "E")});
  EXPECT_EQ(text_of(batcher.step(0, at_us(20))), "- 4 5E idle");
  batcher.complete(0, at_us(30));
  enqueue(batcher, {request(6, 10)});
  EXPECT_EQ(text_of(batcher.step(0, at_us(40))), "6 idle") << "rows behind the last one are left out";
  batcher.complete(0, at_us(50));
  EXPECT_EQ(text_of(batcher.step(0, at_us(50))), "");
}

TEST(SequenceBatcher, RunsOneRequestOfASequenceAtATimeInOrder) {
  for (const SequencePolicy& policy : {direct(1, 2), oldest(2, 4)}) {
    SequenceBatcher batcher(policy);
    enqueue(batcher, {request(1, 10, "S"), request(2, 10), request(3, 10, "E")});
    for (const char* expected : {"1S idle", "2 idle", "3E idle"}) {
      EXPECT_EQ(text_of(batcher.step(0, at_us(0))), expected);
      batcher.complete(0, at_us(0));
    }
  }
}

TEST(SequenceBatcher, SpreadsSequencesOverInstancesBeforeItFillsOne) {
  SequenceBatcher batcher(direct(2, 2));
  enqueue(batcher, {request(1, 10, "S"), request(2, 20, "S"), request(3, 30, "S")});
  EXPECT_EQ(text_of(batcher.step(0, at_us(0))), "1S 3S full");
  EXPECT_EQ(text_of(batcher.step(1, at_us(0))), "2S idle");
}

TEST(SequenceBatcher, TheBacklogGetsSlotsInTheOrderOfArrival) {
  SequenceBatcher batcher(direct(1, 1));
  enqueue(batcher, {request(1, 10, "SE"), request(2, 20, "S"), request(3, 30, "SE"), request(4, 20, "E")});
  EXPECT_EQ(batcher.backlog(), 2U);
  for (const char* expected : {"1SE full", "2S full", "4E full", "3SE full"}) {
    EXPECT_EQ(text_of(batcher.step(0, at_us(0))), expected);
    batcher.complete(0, at_us(0));
  }
  EXPECT_EQ(batcher.backlog(), 0U);
  EXPECT_EQ(batcher.waiting(), 0U);
}

TEST(SequenceBatcher, AnIdMayStartAnewWhileItsLastSequenceStillWaits) {
  SequenceBatcher batcher(direct(1, 2));
  enqueue(batcher, {request(1, 10, "SE"), request(2, 10, "S")});
  EXPECT_EQ(text_of(batcher.step(0, at_us(0))), "1SE 2S full");
  batcher.complete(0, at_us(0));
  enqueue(batcher, {request(3, 10, "S"), request(4, 10)});
  EXPECT_EQ(text_of(batcher.step(0, at_us(0))), "- 3S idle") << "a START in the midst goes on in its slot";
}

TEST(SequenceBatcher, TakesNamesAsIds) {
  SequenceBatcher batcher(direct(1, 1));
  SequenceRequest named = request(1, 0, "S");
  named.sequence = "session";
  ASSERT_TRUE(batcher.enqueue(named).ok());
  EXPECT_EQ(batcher.step(0, at_us(0)).rows[0].sequence, CorrelationId("session"));
}

TEST(SequenceBatcher, RefusesInTritonsWords) {
  SequenceBatcher batcher(direct(1, 1));
  EXPECT_EQ(batcher.enqueue(request(1, 10)).message(),
            "inference request for sequence 10 to model 'rnn' must specify the START flag on the first "
            "request of the "
            "sequence");
  SequenceRequest named = request(1, 0);
  named.sequence = "session";
  EXPECT_THAT(batcher.enqueue(named).message(), testing::HasSubstr("sequence session to model"));
  EXPECT_EQ(batcher.enqueue(request(1, 0, "S")).message(),
            "inference request to model 'rnn' must specify a non-zero or non-empty correlation ID");
  SequenceRequest wide = request(1, 10, "S");
  wide.rows = 2;
  EXPECT_EQ(
      batcher.enqueue(wide).message(),
      "inference request to model 'rnn' must specify batch-size 1 due to requirements of sequence batcher");
  EXPECT_EQ(batcher.enqueue(wide).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(batcher.waiting(), 0U);
}

TEST(SequenceBatcher, GivesUpIdleSequencesSoThatOthersGetTheirSlots) {
  SequenceBatcher batcher(direct(1, 1));
  enqueue(batcher, {request(1, 10, "S", 0), request(2, 20, "S", 5)});
  batcher.step(0, at_us(10));
  EXPECT_EQ(batcher.lapse(at_us(5000)).again, std::nullopt) << "what runs is not idle";
  batcher.complete(0, at_us(5000));
  EXPECT_EQ(batcher.lapse(at_us(5999)).again, at_us(6000)) << "idle from its answer on";
  EXPECT_EQ(batcher.backlog(), 1U);
  batcher.lapse(at_us(6000));
  EXPECT_EQ(batcher.backlog(), 0U);
  EXPECT_EQ(text_of(batcher.step(0, at_us(6000))), "2S full");
  EXPECT_EQ(batcher.enqueue(request(3, 10)).code(), ErrorCode::kInvalidArgument) << "must start anew";
}

TEST(SequenceBatcher, SequencesWaitForASlotNoLongerThanTheySaid) {
  SequenceBatcher batcher(direct(1, 1));
  SequenceRequest hasty = request(2, 20, "S");
  hasty.timeout = microseconds(300);
  enqueue(batcher, {request(1, 10, "S"), hasty, request(3, 20)});
  EXPECT_EQ(batcher.lapse(at_us(299)).again, at_us(300));
  EXPECT_EQ(batcher.lapse(at_us(300)).expired, (std::vector<uint64_t>{2, 3}));
  EXPECT_EQ(batcher.waiting(), 1U);
  EXPECT_FALSE(batcher.enqueue(request(4, 20)).ok());
  EXPECT_EQ(sequence_expired().message(), "timeout of the corresponding sequence has been expired");
  EXPECT_EQ(sequence_expired().code(), ErrorCode::kUnavailable);
}

TEST(SequenceBatcher, AClientThatGoesAwayEndsItsSequence) {
  SequenceBatcher batcher(direct(1, 1));
  enqueue(batcher,
          {request(1, 10, "S"), request(2, 10), request(3, 10), request(4, 20, "S"), request(5, 30, "S")});
  batcher.step(0, at_us(0));
  EXPECT_EQ(batcher.cancel(1, at_us(1)), std::vector<uint64_t>{}) << "runs already";
  EXPECT_EQ(batcher.cancel(4, at_us(1)), std::vector<uint64_t>{4}) << "in the backlog";
  EXPECT_EQ(batcher.cancel(3, at_us(1)), (std::vector<uint64_t>{2, 3}));
  EXPECT_EQ(text_of(batcher.step(0, at_us(1))), "") << "its slot is taken while it runs";
  batcher.complete(0, at_us(2));
  EXPECT_EQ(text_of(batcher.step(0, at_us(2))), "5S full");
  batcher.complete(0, at_us(3));
  enqueue(batcher, {request(6, 30)});
  EXPECT_EQ(batcher.cancel(6, at_us(3)), std::vector<uint64_t>{6});
  enqueue(batcher, {request(7, 40, "S")});
  EXPECT_EQ(text_of(batcher.step(0, at_us(3))), "7S full") << "a slot at rest is free at once";
}

TEST(SequenceBatcher, DirectWaitsForEnoughSlotsOrTheDelay) {
  SequencePolicy policy = direct(1, 4);
  policy.batching.max_queue_delay = microseconds(500);
  SequenceBatcher hasty(policy);
  enqueue(hasty, {request(1, 10, "S", 100)});
  EXPECT_EQ(text_of(hasty.step(0, at_us(100))), "1S idle") << "no utilization is asked for";
  policy.minimum_slot_utilization = 0.5;
  SequenceBatcher batcher(policy);
  enqueue(batcher, {request(1, 10, "S", 100)});
  EXPECT_EQ(text_of(batcher.step(0, at_us(200))), "again 600");
  EXPECT_EQ(text_of(batcher.step(0, at_us(600))), "1S delay");
  batcher.complete(0, at_us(700));
  enqueue(batcher, {request(2, 20, "S", 700), request(3, 30, "S", 700)});
  EXPECT_EQ(text_of(batcher.step(0, at_us(700))), "- 2S 3S preferred");
}

TEST(SequenceBatcher, DirectBatchesOneShapeAtATimeTheOldestFirst) {
  SequenceBatcher batcher(direct(1, 3));
  SequenceRequest tall = request(1, 10, "S", 50);
  tall.bucket = 7;
  enqueue(batcher, {tall, request(2, 20, "S", 10), request(3, 30, "S", 60)});
  EXPECT_EQ(text_of(batcher.step(0, at_us(100))), "- 2S 3S shape");
  batcher.complete(0, at_us(110));
  enqueue(batcher, {request(4, 20, "", 110)});
  EXPECT_EQ(text_of(batcher.step(0, at_us(110))), "1S shape");
}

TEST(SequenceBatcher, OldestBatchesAsDynamicBatchingDoes) {
  SequencePolicy policy = oldest(3, 2);
  policy.batching.preferred_batch_sizes = {2};
  policy.batching.max_queue_delay = microseconds(500);
  SequenceBatcher batcher(policy);
  enqueue(batcher, {request(1, 10, "S", 30), request(2, 20, "S", 20), request(3, 30, "S", 10)});
  EXPECT_EQ(text_of(batcher.step(0, at_us(30))), "3S 2S full") << "the oldest requests first";
  batcher.complete(0, at_us(40));
  EXPECT_EQ(text_of(batcher.step(0, at_us(40))), "again 530");
  EXPECT_EQ(text_of(batcher.step(0, at_us(530))), "1S delay");
}

TEST(SequenceBatcher, StopsByEndingWhatItHasWithoutWaiting) {
  SequencePolicy policy = direct(1, 4);
  policy.batching.max_queue_delay = microseconds(500);
  policy.minimum_slot_utilization = 1;
  SequenceBatcher batcher(policy);
  enqueue(batcher, {request(1, 10, "S")});
  batcher.stop();
  EXPECT_EQ(batcher.enqueue(request(2, 20, "S")).message(),
            "Server is stopping, scheduler for model has stopped accepting new inference requests");
  EXPECT_TRUE(batcher.enqueue(request(3, 10, "E")).ok());
  EXPECT_EQ(text_of(batcher.step(0, at_us(0))), "1S drain");
}

/// Clients that hold random conversations, and instances that take random times.
TEST(SequenceBatcher, NoRequestIsLostOrRunsTwiceOrOutOfOrderOrElsewhere) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    Rng random(seed);
    SequencePolicy policy = seed % 2 == 0 ? direct(2, 2) : oldest(3, 3);
    SequenceBatcher batcher(policy);
    std::map<uint64_t, std::pair<size_t, size_t>> place_of;  // sequence: instance, slot
    std::map<uint64_t, uint64_t> last_of;                    // sequence: ticket
    std::vector<bool> busy(policy.instances);
    std::vector<uint64_t> talks(9);  // of each client: the sequence that it is in
    std::vector<bool> open(9);
    uint64_t ticket = 0;
    uint64_t done = 0;
    int64_t now = 0;
    for (int event = 0; event < 4000 || batcher.waiting() > 0; ++event) {
      now += 1;
      const size_t client = random.below(9);
      if (event < 4000 && random.below(2) == 0) {
        const bool begins = !open[client];
        if (begins) talks[client] += 10;
        const bool ends = random.below(4) == 0;
        const std::string flags = std::string(begins ? "S" : "") + (ends ? "E" : "");
        if (batcher.enqueue(request(ticket + 1, talks[client] + client, flags, now)).ok()) {
          ++ticket;
          open[client] = !ends;
        } else {
          ASSERT_FALSE(begins) << "given up only when it was idle";
          open[client] = false;
        }
      }
      const size_t instance = random.below(policy.instances);
      if (busy[instance]) {
        batcher.complete(instance, at_us(now));
        busy[instance] = false;
      }
      for (const SequenceRow& row : batcher.step(instance, at_us(now)).rows) {
        if (!row.ticket) continue;
        busy[instance] = true;
        ++done;
        const uint64_t id = std::get<uint64_t>(row.sequence);
        ASSERT_LT(last_of[id], *row.ticket);
        last_of[id] = *row.ticket;
        if (!row.start) {
          ASSERT_EQ(place_of[id], std::make_pair(instance, row.slot));
        }
        place_of[id] = {instance, row.slot};
      }
      batcher.lapse(at_us(now));
    }
    EXPECT_EQ(done, ticket) << seed;
  }
}

}  // namespace
}  // namespace ridgeline::serve
