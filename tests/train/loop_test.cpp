#include "train/loop.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "fake_job.h"
#include "formats/state_dict.h"
#include "support/temporary_folder.h"

namespace ridgeline::train {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

class LoopTest : public ::testing::Test {
 protected:
  static constexpr int kEpochs = 3, kBatches = 4;

  LoopTest() {
    config.model = "fake";
    config.image_size = 32;
    config.epochs = kEpochs;
    config.out = folder / "out";
    config.schedule = {.kind = ScheduleKind::kCosine, .base = 0.1, .warmup_epochs = 1};
  }

  Result<RunResult> run() {
    return train({.config = config,
                  .classes = {"a", "b"},
                  .images = 8,
                  .metadata = {{"ridgeline.model", "fake"}},
                  .learner = learner,
                  .training = training,
                  .evaluation = evaluation,
                  .observer = observer,
                  .cancel = cancel});
  }

  std::string state_bytes() { return *read_file(RunFiles(config).state); }

  TemporaryFolder folder;
  TrainConfig config;
  FakeLearner learner;
  FakeSource training{kBatches}, evaluation{2};
  FakeObserver observer;
  CancelToken cancel;
};

/// The numbers that timing gives differ from run to run.
std::vector<double> untimed(const std::vector<EpochRow>& rows) {
  std::vector<double> numbers;
  for (const EpochRow& row : rows)
    numbers.insert(numbers.end(), {row.train_loss, row.eval_loss, row.eval_top1, row.lr, row.train_top1});
  return numbers;
}

TEST_F(LoopTest, LeavesWeightsSummaryConfusionAndState) {
  learner.right_after = 2;  // the first epoch is all wrong
  const auto result = run();
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->epochs.size(), 3U);
  EXPECT_EQ(result->best_epoch, 2);
  EXPECT_EQ(result->best()->eval_top1, 100);
  const RunFiles files(config);
  for (const std::string& path : {files.best, files.best_pth, files.last, files.last_pth, files.state})
    EXPECT_TRUE(std::filesystem::exists(path)) << path;
  EXPECT_EQ(formats::load_state_dict(files.best)->metadata.at("ridgeline.model"), "fake");
  EXPECT_THAT(*read_file(files.summary_csv), HasSubstr("epoch,train_loss,eval_loss,eval_top1,eval_top5,lr,"));
  EXPECT_EQ(*read_file(files.confusion_csv), "class,a,b\na,0,0\nb,0,4\n");
  EXPECT_EQ(observer.shares.back(), 1);
}

TEST_F(LoopTest, GoesOnFromAnyStepAsIfItHadNotBeenStopped) {
  const auto whole = run();
  ASSERT_TRUE(whole.ok()) << whole.status().message();
  for (int stop = 1; stop < kEpochs * kBatches; ++stop) {
    config.out = folder / ("stopped" + std::to_string(stop));
    config.resume = false;
    FakeLearner first;
    FakeSource source(kBatches);
    const CancelToken token;
    int seen = 0;
    source.on_batch = [&](const auto&) {
      if (++seen == stop) token.cancel();
    };
    const auto begin = train({.config = config,
                              .classes = {"a", "b"},
                              .images = 8,
                              .metadata = {},
                              .learner = first,
                              .training = source,
                              .evaluation = evaluation,
                              .observer = observer,
                              .cancel = token});
    EXPECT_EQ(begin.status().code(), ErrorCode::kCancelled) << stop;
    config.resume = true;
    learner = {};
    const auto rest = run();
    ASSERT_TRUE(rest.ok()) << rest.status().message();
    EXPECT_EQ(untimed(rest->epochs), untimed(whole->epochs)) << stop;
    EXPECT_EQ(static_cast<int>(learner.rates.size()), kEpochs * kBatches - stop);
  }
}

TEST_F(LoopTest, RefusesTheStateOfAnotherRun) {
  ASSERT_TRUE(run().ok());
  config.resume = true;
  config.seed = 2;
  const auto other = run();
  EXPECT_EQ(other.status().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(other.status().message(), HasSubstr("it is of a run with seed 1, this one has 2"));
  std::filesystem::copy_file(RunFiles(config).best, RunFiles(config).state,
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(run().status().message(), HasSubstr("it holds weights and no state of a training run"));
}

TEST_F(LoopTest, SaysThatThereIsNothingToGoOnFrom) {
  config.resume = true;
  ASSERT_TRUE(run().ok());
  EXPECT_THAT(observer.remarks, Contains(HasSubstr("this run starts anew")));
}

TEST_F(LoopTest, AFinishedRunThatIsResumedTrainsNothing) {
  ASSERT_TRUE(run().ok());
  config.resume = true;
  learner = {};
  const auto again = run();
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again->epochs.size(), 3U);
  EXPECT_TRUE(learner.rates.empty());
}

TEST_F(LoopTest, StopsEarlyWhenNoEpochIsBetter) {
  config.epochs = 10;
  config.patience = 2;
  const auto result = run();
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_TRUE(result->stopped_early);
  EXPECT_EQ(result->epochs.size(), 3U);
  EXPECT_EQ(result->best_epoch, 1);
}

TEST_F(LoopTest, ALossThatIsNoNumberEndsTheRunAndKeepsTheLastEpoch) {
  learner.fails_at = 6;
  const auto result = run();
  EXPECT_THAT(result.status().message(), HasSubstr("the loss is nan in epoch 2, step 2: lower optimizer.lr"));
  EXPECT_THAT(state_bytes(), HasSubstr("\\\"epoch\\\":1"));
}

TEST_F(LoopTest, LogitsThatAreNoNumbersEndTheRunBeforeTheyAreKept) {
  learner.largest = std::nanf("");
  EXPECT_THAT(run().status().message(), HasSubstr("the evaluation after epoch 1 ends in"));
  EXPECT_FALSE(std::filesystem::exists(RunFiles(config).best));
}

TEST_F(LoopTest, NamesFilesThatWereLeftOut) {
  training.bad = {{"data/broken.jpg", "truncated"}};
  ASSERT_TRUE(run().ok());
  EXPECT_THAT(observer.remarks,
              Contains(HasSubstr("1 file(s) left out; the first: data/broken.jpg: truncated")));
}

TEST_F(LoopTest, TooFewImagesForABatchAreRefused) {
  training = FakeSource(0);
  EXPECT_THAT(run().status().message(), HasSubstr("lower batch_size"));
}

}  // namespace
}  // namespace ridgeline::train
