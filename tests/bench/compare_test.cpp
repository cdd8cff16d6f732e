#include "bench/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ridgeline::bench {
namespace {

using ::testing::HasSubstr;

Cell timed(const std::string& engine, double speedup, double margin = 0.02, int64_t batch = 1) {
  Cell cell;
  cell.model = "resnet18";
  cell.engine = engine;
  cell.precision = "fp32";
  cell.device = "cpu";
  cell.batch = batch;
  cell.speedup = speedup;
  cell.speedup_low = speedup * (1 - margin);
  cell.speedup_high = speedup * (1 + margin);
  return cell;
}

Cell failed(const std::string& engine, CellStatus status) {
  Cell cell = timed(engine, 1);
  cell.status = status;
  cell.speedup.reset();
  return cell;
}

Results race(std::vector<Cell> cells) { return {{{"baseline", "libtorch:fp32"}}, std::move(cells)}; }

Verdict verdict(const Cell& before, const Cell& after) {
  return compare_results(race({before}), race({after}), 0.02)->changes.at(0).verdict;
}

TEST(Compare, OnlyAChangeBeyondNoiseAndThresholdCounts) {
  EXPECT_EQ(verdict(timed("native", 2), timed("native", 1.9, 0.1)), Verdict::kSame);
  EXPECT_EQ(verdict(timed("native", 2, 0.001), timed("native", 1.98, 0.001)), Verdict::kSame);
  EXPECT_EQ(verdict(timed("native", 2), timed("native", 1.8)), Verdict::kSlower);
  EXPECT_EQ(verdict(timed("native", 2), timed("native", 2.2)), Verdict::kFaster);
}

TEST(Compare, ACellThatNoLongerRunsIsARegressionUnlessItsEngineIsAbsent) {
  const auto regressed = [](const Cell& after) {
    return compare_results(race({timed("native", 2)}), race({after}), 0.02)->regressed();
  };
  EXPECT_TRUE(regressed(failed("native", CellStatus::kFailed)));
  EXPECT_TRUE(regressed(failed("native", CellStatus::kMismatch)));
  EXPECT_FALSE(regressed(failed("native", CellStatus::kSkipped)));
  EXPECT_EQ(verdict(failed("native", CellStatus::kFailed), timed("native", 2)), Verdict::kGained);
}

TEST(Compare, UnlikeCellsAreNotCompared) {
  const Results before = race({timed("native", 2), timed("native", 4, 0.02, 8)});
  const Comparison comparison = compare_results(before, race({timed("native", 2)}), 0.02).value();
  EXPECT_EQ(comparison.changes.size(), 1U);
  EXPECT_THAT(comparison.unmatched.at(0), HasSubstr("batch 8"));
  EXPECT_FALSE(compare_results(race({timed("native", 2)}), race({timed("openvino", 2)}), 0.02).ok());
  Results other = before;
  other.context["baseline"] = "native:fp32";
  EXPECT_THAT(compare_results(before, other, 0.02).status().message(), HasSubstr("different baselines"));
}

TEST(Merge, PartsBecomeOneRaceAndAMeasuredCellReplacesAnUnmeasuredOne) {
  const std::vector<Results> parts = {race({timed("native", 2), failed("openvino", CellStatus::kSkipped)}),
                                      race({timed("openvino", 3), timed("native", 4, 0.02, 8)})};
  const Results merged = merge_results(parts).value();
  ASSERT_EQ(merged.cells.size(), 3U);
  EXPECT_EQ(merged.cells[1].engine, "openvino");
  EXPECT_EQ(merged.cells[1].speedup, 3);
  EXPECT_EQ(merged.context.at("merged_from").size(), 2U);
}

TEST(Merge, ACellMeasuredTwiceIsRefused) {
  const std::vector<Results> parts = {race({timed("native", 2)}), race({timed("native", 2.1)})};
  EXPECT_THAT(merge_results(parts).status().message(), HasSubstr("measured in two parts"));
}

}  // namespace
}  // namespace ridgeline::bench
