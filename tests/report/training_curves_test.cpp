#include "report/training_curves.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "support/temporary_folder.h"

namespace ridgeline::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// The commands that drew the accuracies of a run of `epochs` epochs, the last of which ended at `top5`.
std::string accuracy_commands(int64_t epochs, double top5) {
  train::RunResult run{.model = "m", .image_size = 64, .precision = "fp32"};
  for (int64_t i = 1; i <= epochs; ++i)
    run.epochs.push_back({.epoch = i, .eval_top1 = 50, .eval_top5 = i < epochs ? 100 : top5});
  const TemporaryFolder folder;
  const Status drawn = draw_training_curves(run, folder / ".");
  EXPECT_TRUE(drawn.ok()) << drawn.message();
  return *read_file(folder / "accuracy.gnuplot");
}

TEST(TrainingCurves, OfAccuracyEndAtAHundred) {
  EXPECT_THAT(accuracy_commands(3, 99), HasSubstr("set yrange [0:100]"));
}

TEST(TrainingCurves, AreLabelledAtWholeEpochs) {
  EXPECT_THAT(accuracy_commands(3, 99), HasSubstr(R"(set xtics ("1" 1, "2" 2, "3" 3))"));
  EXPECT_THAT(accuracy_commands(90, 99), HasSubstr(R"(set xtics ("1" 1, "9" 9, "17" 17,)"));
}

TEST(TrainingCurves, LeaveOutATop5ThatTellsNothing) {
  EXPECT_THAT(accuracy_commands(2, 99), HasSubstr("top-5"));
  EXPECT_THAT(accuracy_commands(2, 100), Not(HasSubstr("top-5")));
}

}  // namespace
}  // namespace ridgeline::report
