#include "serve/observe/statistics.h"

#include <gtest/gtest.h>
#include <numeric>
#include <thread>

#include "serve/recorded_statistics.h"

namespace ridgeline::serve {
namespace {

using std::chrono::microseconds;

constexpr ComputeTimes kCompute{Nanos(10), Nanos(100), Nanos(1)};

TEST(Statistics, AreWrittenToTheByteAsTritonDoesAfterTheSameRequests) {
  for (const char* name : {"stats_all.json", "stats_after_load_pipeline.json"}) {
    std::string recorded = recorded_text(name);
    recorded.pop_back();  // the file's last line break
    EXPECT_EQ(statistics_json(replay_all(name)).dump(), recorded);
  }
}

TEST(Statistics, EachRequestOfABatchCountsItsRowsAndTheWholeComputeTime) {
  ModelStatistics statistics;
  const std::vector<AnsweredRequest> answered = {{2, Nanos(200), Nanos(20)}, {3, Nanos(300), Nanos(30)}};
  statistics.add_shard().execution({5, kCompute, CloseReason::kPreferred, 77, answered});
  const ModelCounts counts = statistics.read();
  EXPECT_EQ(counts.inference_count, 5U);
  EXPECT_EQ(counts.execution_count, 1U);
  EXPECT_EQ(counts.last_inference_ms, 77U);
  EXPECT_EQ(counts.success, (Tally{2, 500}));
  EXPECT_EQ(counts.queue, (Tally{2, 50}));
  EXPECT_EQ(counts.compute_infer, (Tally{2, 200}));
  EXPECT_EQ(counts.batches.at(5).compute_infer, (Tally{1, 100}));
  EXPECT_EQ(counts.closes[static_cast<size_t>(CloseReason::kPreferred)], 1U);
}

TEST(Statistics, WhatFailedCountsAsFailedAndItsExecutionAsOne) {
  ModelStatistics statistics;
  StatisticsShard& shard = statistics.add_shard();
  shard.execution({1, kCompute, CloseReason::kIdle, 1, {}});
  shard.failure(FailureReason::kBackend, Nanos(300));
  shard.failure(FailureReason::kRejected, Nanos(50));
  const ModelCounts counts = statistics.read();
  EXPECT_EQ(counts.inference_count, 0U);
  EXPECT_EQ(counts.execution_count, 1U);
  EXPECT_EQ(counts.fail, (Tally{2, 350}));
  EXPECT_EQ(counts.compute_infer, Tally{}) << "of successful requests alone";
  EXPECT_EQ(counts.batches.at(1).compute_infer, (Tally{1, 100}));
  EXPECT_EQ(counts.failures, (std::array<uint64_t, 4>{1, 0, 1, 0}));
}

TEST(Statistics, WhatTheCacheAnswersIsASuccessButNoInference) {
  ModelStatistics statistics;
  StatisticsShard& shard = statistics.add_shard();
  shard.cache_hit(Nanos(40), Nanos(4), Nanos(30));
  shard.cache_miss(Nanos(60));
  const ModelCounts counts = statistics.read();
  EXPECT_EQ(counts.success, (Tally{1, 40}));
  EXPECT_EQ(counts.queue, (Tally{1, 4}));
  EXPECT_EQ(counts.cache_hit, (Tally{1, 30}));
  EXPECT_EQ(counts.cache_miss, (Tally{1, 60}));
  EXPECT_EQ(counts.inference_count + counts.execution_count + counts.compute_infer.count, 0U);
  EXPECT_EQ(counts.request_histogram.counts[0], 1U);
  EXPECT_EQ(counts.compute_infer_histogram, LatencyHistogram{});
}

TEST(Statistics, ResponsesOfDecoupledModelsCountByTheirNumber) {
  using Outcome = ResponseRecord::Outcome;
  ModelStatistics statistics;
  StatisticsShard& shard = statistics.add_shard();
  shard.response({0, Outcome::kSuccess, Nanos(10), Nanos(5)});
  shard.response({0, Outcome::kFail, Nanos(20), {}});
  shard.response({1, Outcome::kEmpty, Nanos(7), {}});
  shard.response({1, Outcome::kCancel, Nanos(3), {}});
  const ModelReport report{.name = "talker", .version = "1", .counts = statistics.read()};
  EXPECT_EQ(statistics_json({&report, 1})["model_stats"][0]["response_stats"].dump(),
            R"({"0":{"compute_infer":{"count":2,"ns":30},"compute_output":{"count":1,"ns":5},)"
            R"("success":{"count":1,"ns":15},"fail":{"count":1,"ns":20},"empty_response":{"count":0,"ns":0},)"
            R"("cancel":{"count":0,"ns":0}},)"
            R"("1":{"compute_infer":{"count":1,"ns":7},"compute_output":{"count":0,"ns":0},)"
            R"("success":{"count":0,"ns":0},"fail":{"count":0,"ns":0},"empty_response":{"count":1,"ns":7},)"
            R"("cancel":{"count":1,"ns":3}}})");
}

TEST(Statistics, MemoryIsWhatAllInstancesHoldNowAndWhatTheyShareIsCountedOnce) {
  ModelStatistics statistics;
  StatisticsShard& first = statistics.add_shard();
  StatisticsShard& second = statistics.add_shard();
  first.holds({.shared_bytes = 0, .own_bytes = 1000});
  second.holds({.shared_bytes = 0, .own_bytes = 30});
  EXPECT_EQ(statistics.read().memory.bytes(), 1030U);
  first.holds({.shared_bytes = 5000, .own_bytes = 200});
  second.holds({.shared_bytes = 7000, .own_bytes = 30});
  EXPECT_EQ(statistics.read().memory.bytes(), 7230U);
  second.holds({});
  EXPECT_EQ(statistics.read().memory.bytes(), 5200U);
}

TEST(Statistics, MemoryIsToldByItsKind) {
  const ModelReport report{.name = "m", .version = "1", .memory = {{"CPU", 0, 4096}}};
  EXPECT_EQ(statistics_json({&report, 1})["model_stats"][0]["memory_usage"].dump(),
            R"([{"type":"CPU","id":0,"byte_size":4096}])");
}

TEST(LatencyHistogram, CountsADurationUpToAndWithItsBound) {
  LatencyHistogram histogram;
  histogram.observe(microseconds(50));
  histogram.observe(microseconds(50) + Nanos(1));
  histogram.observe(microseconds(10'000'000));
  histogram.observe(std::chrono::hours(1));
  EXPECT_EQ(histogram.counts.front(), 1U);
  EXPECT_EQ(histogram.counts[1], 1U);
  EXPECT_EQ(histogram.counts[histogram.counts.size() - 2], 1U);
  EXPECT_EQ(histogram.counts.back(), 1U);
  LatencyHistogram twice = histogram;
  twice.merge(histogram);
  EXPECT_EQ(twice.sum_ns, 2 * histogram.sum_ns);
  EXPECT_EQ(std::accumulate(twice.counts.begin(), twice.counts.end(), uint64_t{0}), 8U);
}

TEST(Statistics, NothingIsLostWhileInstancesWriteAndOthersRead) {
  constexpr int kInstances = 4;
  constexpr uint64_t kBatches = 5000;
  ModelStatistics statistics;
  std::vector<std::thread> instances;
  for (int i = 0; i < kInstances; ++i)
    instances.emplace_back([&statistics, i] {
      StatisticsShard& shard = statistics.add_shard();
      const std::vector<AnsweredRequest> answered(2, {1, microseconds(300 * i), microseconds(10)});
      for (uint64_t batch = 0; batch < kBatches; ++batch) {
        statistics.request_arrived();
        shard.execution({2, kCompute, CloseReason::kFull, batch, answered});
        statistics.request_left_queue();
      }
    });
  uint64_t before = 0;
  while (before < kInstances * kBatches) {
    const ModelCounts counts = statistics.read();
    ASSERT_GE(counts.execution_count, before) << "went backwards";
    ASSERT_EQ(counts.inference_count, 2 * counts.execution_count) << "a batch was counted in part";
    before = counts.execution_count;
  }
  for (std::thread& instance : instances) instance.join();
  const ModelCounts counts = statistics.read();
  EXPECT_EQ(counts.batches.at(2).compute_infer.count, kInstances * kBatches);
  EXPECT_EQ(counts.last_inference_ms, kBatches - 1);
  EXPECT_EQ(statistics.pending(), 0);
}

}  // namespace
}  // namespace ridgeline::serve
