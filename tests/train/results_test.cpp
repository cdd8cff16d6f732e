#include "train/results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "support/temporary_folder.h"

namespace ridgeline::train {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(TrainJson, RunsComeBackAsTheyWereWritten) {
  const TemporaryFolder folder;
  const RunResult run{.model = "resnet18",
                      .image_size = 224,
                      .precision = "fp32",
                      .classes = {"daisy", "Василёк"},
                      .epochs = {{.epoch = 1, .eval_top1 = 40}, {.epoch = 2, .eval_top1 = 84.25}},
                      .best_epoch = 2,
                      .best_weights = "best.safetensors",
                      .stopped_early = true};
  const std::string path = folder / "train.json";
  ASSERT_TRUE(write_file_atomically(path, Json{{"runs", {to_json(run)}}}.dump()).ok());
  for (const std::string& name : {path, folder / ""}) {
    const auto runs = load_runs(name);
    ASSERT_TRUE(runs.ok()) << runs.status().message();
    ASSERT_THAT(*runs, SizeIs(1));
    EXPECT_EQ(to_json(runs->front()), to_json(run));
  }
}

TEST(TrainJson, NamesTheFileAndWhatItLacks) {
  const TemporaryFolder folder;
  const std::string path = folder / "train.json";
  for (const auto& [text, said] :
       {std::pair{"[]", "runs"}, std::pair{R"({"runs":[{}]})", "model"},
        std::pair{R"({"runs":[{"model":"m","image_size":1,"precision":"fp32","classes":[],
                                      "best_epoch":2,"weights":"","stopped_early":false,"epochs":[]}]})",
                  "best_epoch 2"}}) {
    ASSERT_TRUE(write_file_atomically(path, text).ok());
    const auto runs = load_runs(path);
    ASSERT_FALSE(runs.ok()) << text;
    EXPECT_EQ(runs.status().code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(runs.status().message(), HasSubstr(path));
    EXPECT_THAT(runs.status().message(), HasSubstr(said));
  }
}

}  // namespace
}  // namespace ridgeline::train
