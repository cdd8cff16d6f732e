#include "serve/backends/batch_plan.h"

#include <gmock/gmock.h>

#include "config_text.h"

namespace ridgeline::serve {
namespace {

using testing::ElementsAre;

std::vector<int64_t> runs(int64_t rows, const std::vector<TimedSize>& sizes) {
  return fastest_runs(rows, sizes);
}

TEST(BucketSizes, AreOneThePowersOfTwoWhatIsPreferredAndTheLargest) {
  EXPECT_THAT(bucket_sizes(config_of("max_batch_size: 8")), ElementsAre(1, 2, 4, 8));
  EXPECT_THAT(
      bucket_sizes(config_of("max_batch_size: 12 dynamic_batching { preferred_batch_size: [ 6, 12 ] }")),
      ElementsAre(1, 2, 4, 6, 8, 12));
  EXPECT_THAT(bucket_sizes(config_of(
                  "max_batch_size: 5 sequence_batching { oldest { preferred_batch_size: [ 3 ] } }")),
              ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(bucket_sizes(config_of("max_batch_size: 1")), ElementsAre(1));
  EXPECT_THAT(bucket_sizes(config_of("")), ElementsAre(1));
}

TEST(FastestRuns, SplitWhereEveryRowCostsTheSame) {
  const std::vector<TimedSize> cpu = {{1, 1.0}, {2, 2.0}, {4, 4.0}, {8, 8.0}};
  EXPECT_THAT(runs(1, cpu), ElementsAre(1));
  EXPECT_THAT(runs(3, cpu), ElementsAre(2, 1));
  EXPECT_THAT(runs(5, cpu), ElementsAre(4, 1));
  EXPECT_THAT(runs(8, cpu), ElementsAre(8));
}

TEST(FastestRuns, PadWhereTheLargerSizeCostsLess) {
  const std::vector<TimedSize> gpu = {{1, 1.0}, {2, 1.1}, {4, 1.2}, {8, 1.4}};
  EXPECT_THAT(runs(3, gpu), ElementsAre(4));
  EXPECT_THAT(runs(5, gpu), ElementsAre(8));
  EXPECT_THAT(runs(8, gpu), ElementsAre(8));
}

TEST(FastestRuns, AreOneWhereSeveralGainNoMoreThanNoise) {
  EXPECT_THAT(runs(8, {{1, 1.0}, {2, 1.9}, {4, 3.8}, {8, 8.0}}), ElementsAre(8));
  EXPECT_THAT(runs(8, {{1, 1.0}, {2, 1.9}, {4, 3.5}, {8, 8.0}}), ElementsAre(4, 4));
  EXPECT_THAT(runs(3, {{1, 1.0}, {2, 2.0}, {4, 3.2}}), ElementsAre(4));
}

TEST(FastestRuns, PadOnlyTheLastOfSeveral) {
  const std::vector<TimedSize> sizes = {{1, 3.0}, {2, 3.1}, {4, 4.0}};
  EXPECT_THAT(runs(7, sizes), ElementsAre(4, 4));
  EXPECT_THAT(runs(6, sizes), ElementsAre(4, 2));
}

TEST(FastestRuns, CoverTheRowsWithWhatIsThere) {
  EXPECT_THAT(runs(3, {{4, 2.0}}), ElementsAre(4));
  EXPECT_THAT(runs(3, {{1, 1.0}}), ElementsAre(1, 1, 1));
}

}  // namespace
}  // namespace ridgeline::serve
