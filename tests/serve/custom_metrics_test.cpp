#include "serve/observe/custom_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ridgeline::serve {
namespace {

using testing::HasSubstr;

TEST(CustomMetrics, AreShownAsPrometheusReadsThem) {
  CustomMetrics all;
  const auto counter = *all.family("pictures_total", "Pictures,\nof \\ all sizes", MetricKind::kCounter);
  const auto red = *counter->metric({{"colour", "\"red\""}, {"model", "m"}}, {});
  const auto plain = *counter->metric({}, {});
  EXPECT_TRUE(red->increment(2).ok());
  EXPECT_TRUE(red->increment(0.5).ok());
  const auto histogram = *all.family("size", "Of pictures", MetricKind::kHistogram);
  const auto sizes = *histogram->metric({{"model", "m"}}, {0.5, 10});
  for (const double size : {0.1, 0.5, 3.0, 20.0}) EXPECT_TRUE(sizes->observe(size).ok());
  EXPECT_EQ(all.text(),
            "# HELP pictures_total Pictures,\\nof \\\\ all sizes\n# TYPE pictures_total counter\n"
            "pictures_total 0\n"
            "pictures_total{colour=\"\\\"red\\\"\",model=\"m\"} 2.5\n"
            "# HELP size Of pictures\n# TYPE size histogram\n"
            "size_bucket{le=\"0.5\",model=\"m\"} 2\n"
            "size_bucket{le=\"10\",model=\"m\"} 3\n"
            "size_bucket{le=\"+Inf\",model=\"m\"} 4\n"
            "size_sum{model=\"m\"} 23.6\n"
            "size_count{model=\"m\"} 4\n");
}

TEST(CustomMetrics, EachKindTakesWhatTritonsDoes) {
  CustomMetrics all;
  const auto counter = *(*all.family("c", "", MetricKind::kCounter))->metric({}, {});
  const auto gauge = *(*all.family("g", "", MetricKind::kGauge))->metric({}, {});
  const auto histogram = *(*all.family("h", "", MetricKind::kHistogram))->metric({}, {1});
  EXPECT_EQ(counter->increment(-1).message(),
            "TRITONSERVER_METRIC_KIND_COUNTER can only be incremented monotonically by non-negative values.");
  EXPECT_EQ(counter->set(1).message(), "TRITONSERVER_METRIC_KIND_COUNTER does not support Set");
  EXPECT_EQ(counter->observe(1).message(), "TRITONSERVER_METRIC_KIND_COUNTER does not support Observe");
  EXPECT_TRUE(gauge->set(5).ok());
  EXPECT_TRUE(gauge->increment(-7).ok());
  EXPECT_EQ(gauge->value().value(), -2);
  EXPECT_EQ(gauge->observe(1).message(), "TRITONSERVER_METRIC_KIND_GAUGE does not support Observe");
  EXPECT_EQ(histogram->increment(1).message(),
            "TRITONSERVER_METRIC_KIND_HISTOGRAM does not support Increment");
  EXPECT_EQ(histogram->value().status().message(),
            "TRITONSERVER_METRIC_KIND_HISTOGRAM does not support Value");
}

TEST(CustomMetrics, InstancesShareWhatHasTheSameNameAndLabels) {
  CustomMetrics all;
  const auto first = *all.family("seen", "S", MetricKind::kCounter);
  const auto second = *all.family("seen", "S", MetricKind::kCounter);
  const auto one = *first->metric({{"a", "b"}}, {});
  EXPECT_TRUE(one->increment(1).ok());
  EXPECT_TRUE((*second->metric({{"a", "b"}}, {}))->increment(1).ok());
  EXPECT_EQ(one->value().value(), 2);
}

TEST(CustomMetrics, GoWithTheirLastHolder) {
  CustomMetrics all;
  {
    const auto family = *all.family("gone", "", MetricKind::kGauge);
    const auto metric = *family->metric({}, {});
    EXPECT_THAT(all.text(), HasSubstr("gone 0\n"));
  }
  EXPECT_EQ(all.text(), "");
  EXPECT_TRUE(all.family("gone", "", MetricKind::kCounter).ok());
}

TEST(CustomMetrics, NamesThatWouldSpoilThePageAreRefused) {
  CustomMetrics all;
  for (const char* name : {"", "1st", "a-b", "a b", "nv_inference_count", "nv_cache_num_hits_per_model",
                           "ridgeline_batch_closed_total"})
    EXPECT_FALSE(all.family(name, "", MetricKind::kCounter).ok()) << name;
  const auto family = *all.family("nv_mine:total", "", MetricKind::kHistogram);
  EXPECT_FALSE(all.family("nv_mine:total", "", MetricKind::kGauge).ok());
  for (const char* label : {"", "le", "a:b", "__a", "1"})
    EXPECT_FALSE(family->metric({{label, ""}}, {1}).ok()) << label;
  EXPECT_FALSE(family->metric({}, {2, 1}).ok());
}

}  // namespace
}  // namespace ridgeline::serve
