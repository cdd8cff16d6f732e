#include "serve/observe/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <sstream>

#include "serve/recorded_statistics.h"

namespace ridgeline::serve {
namespace {

using std::chrono::microseconds;
using testing::HasSubstr;
using testing::Not;

/// A page of metrics: the lines that describe families, in order, and each sample's value by name and labels.
struct Page {
  std::vector<std::string> described;
  std::map<std::string, double> samples;
};

Page page_of(const std::string& text) {
  Page page;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# ")) {
      page.described.push_back(line);
    } else if (!line.empty()) {
      const size_t space = line.rfind(' ');
      EXPECT_TRUE(page.samples.emplace(line.substr(0, space), std::stod(line.substr(space))).second) << line;
    }
  }
  return page;
}

ModelReport one_request() {
  ModelStatistics statistics;
  StatisticsShard& shard = statistics.add_shard();
  const AnsweredRequest answered{1, microseconds(420), microseconds(60)};
  shard.execution(
      {1, {Nanos(1500), microseconds(300), microseconds(40)}, CloseReason::kDelay, 1, {&answered, 1}});
  return {.name = "m", .version = "3", .counts = statistics.read()};
}

TEST(Metrics, HoldEveryLineThatTritonWroteAfterTheSameRequests) {
  const Page recorded = page_of(recorded_text("metrics.txt"));
  const Page ours = page_of(metrics_text(replay_all("stats_all.json"), {}));
  ASSERT_EQ(recorded.samples.size(), 8 * 13U + 5);
  size_t from = 0;
  for (const std::string& line : recorded.described) {
    const auto found =
        std::find(ours.described.begin() + static_cast<ptrdiff_t>(from), ours.described.end(), line);
    ASSERT_NE(found, ours.described.end()) << line << " is missing or out of order";
    from = static_cast<size_t>(found - ours.described.begin());
  }
  for (const auto& [series, value] : recorded.samples) {
    ASSERT_TRUE(ours.samples.contains(series)) << series;
    // Triton cuts each request's duration to whole microseconds before it adds; we cut the sum.
    const double requests = series.find("duration") == std::string::npos ? 0 : 25;
    EXPECT_GE(ours.samples.at(series), value) << series;
    EXPECT_LE(ours.samples.at(series), value + requests) << series;
  }
}

TEST(Metrics, HistogramsAreCumulativeAndAgreeWithTheirCounters) {
  const ModelReport report = one_request();
  const std::string text = metrics_text({&report, 1}, {});
  EXPECT_THAT(text, HasSubstr("# TYPE nv_inference_request_duration_histogram_us histogram\n"));
  for (const char* line : {"_bucket{le=\"250\",model=\"m\",version=\"3\"} 0\n",
                           "_bucket{le=\"500\",model=\"m\",version=\"3\"} 1\n",
                           "_bucket{le=\"10000000\",model=\"m\",version=\"3\"} 1\n",
                           "_bucket{le=\"+Inf\",model=\"m\",version=\"3\"} 1\n",
                           "_sum{model=\"m\",version=\"3\"} 420\n", "_count{model=\"m\",version=\"3\"} 1\n"})
    EXPECT_THAT(text, HasSubstr("nv_inference_request_duration_histogram_us" + std::string(line)));
  for (const char* part : {"queue", "compute_input", "compute_infer", "compute_output"})
    EXPECT_THAT(text,
                HasSubstr(fmt::format(
                    "nv_inference_{}_duration_histogram_us_count{{model=\"m\",version=\"3\"}} 1\n", part)));
  EXPECT_THAT(
      text,
      HasSubstr("nv_inference_compute_input_duration_histogram_us_sum{model=\"m\",version=\"3\"} 1.5\n"));
}

TEST(Metrics, TellWhyBatchesWereClosed) {
  const ModelReport report = one_request();
  const std::string text = metrics_text({&report, 1}, {});
  EXPECT_THAT(text, HasSubstr("# TYPE ridgeline_batch_closed_total counter\n"));
  EXPECT_THAT(text,
              HasSubstr("ridgeline_batch_closed_total{model=\"m\",reason=\"delay\",version=\"3\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("ridgeline_batch_closed_total{model=\"m\",reason=\"full\",version=\"3\"} 0\n"));
}

TEST(Metrics, ShowTheCacheOfModelsThatHaveOneAndLoadTimesThatAreKnown) {
  ModelReport report = one_request();
  EXPECT_THAT(metrics_text({&report, 1}, {}), Not(HasSubstr("nv_cache_num_hits_per_model")));
  report.cached = true;
  report.counts.cache_hit = {4, 9000};
  report.load_seconds = 1.5;
  report.pending = 7;
  const std::string text = metrics_text({&report, 1}, {});
  EXPECT_THAT(text, HasSubstr("nv_cache_num_hits_per_model{model=\"m\",version=\"3\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("nv_cache_hit_duration_per_model{model=\"m\",version=\"3\"} 9\n"));
  EXPECT_THAT(text, HasSubstr("nv_model_load_duration_secs{model=\"m\",version=\"3\"} 1.5\n"));
  EXPECT_THAT(text, HasSubstr("nv_inference_pending_request_count{model=\"m\",version=\"3\"} 7\n"));
}

TEST(Metrics, LabelValuesCannotBreakOutOfTheirQuotes) {
  ModelReport report = one_request();
  report.name = "a\"} 1\n\\b";
  report.tags = {{"team", "vision"}};
  EXPECT_THAT(metrics_text({&report, 1}, {}),
              HasSubstr("nv_inference_count{_team=\"vision\",model=\"a\\\"} 1\\n\\\\b\",version=\"3\"} 1\n"));
}

TEST(Metrics, ShowTheMachine) {
  const std::string text = metrics_text({}, {.cpu_utilization = 0.25, .memory_total_bytes = 25276502016});
  EXPECT_THAT(text, HasSubstr("\nnv_cpu_utilization 0.25\n"));
  EXPECT_THAT(text, HasSubstr("\nnv_cpu_memory_total_bytes 25276502016\n"));
}

TEST(Machine, IsReadFromTheKernelsTables) {
  const CpuTicks before =
      parse_cpu_ticks("cpu  100 10 50 800 40 0 0 0 7 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n").value();
  EXPECT_EQ(before.total, 1000U);
  EXPECT_EQ(before.busy, 160U);
  EXPECT_DOUBLE_EQ(utilization_between(before, {235, 1100}), 0.75);
  EXPECT_EQ(utilization_between(before, before), 0);
  MachineUse use;
  ASSERT_TRUE(
      parse_memory("MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    400 kB\n", use).ok());
  EXPECT_EQ(use.memory_total_bytes, 1024000U);
  EXPECT_EQ(use.memory_used_bytes, 614400U);
  EXPECT_FALSE(parse_cpu_ticks("intr 1 2 3\n").ok());
  EXPECT_FALSE(parse_memory("MemTotal: 1000 kB\n", use).ok());
}

TEST(Machine, ThisOneHasMemory) {
  CpuTicks ticks;
  const Result<MachineUse> use = read_machine(ticks);
  ASSERT_TRUE(use.ok()) << use.status().message();
  EXPECT_GT(use->memory_total_bytes, use->memory_used_bytes);
  EXPECT_GT(use->memory_used_bytes, 0U);
  EXPECT_GT(ticks.total, ticks.busy);
}

}  // namespace
}  // namespace ridgeline::serve
