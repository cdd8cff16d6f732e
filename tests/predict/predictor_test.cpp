#include "predict/predictor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "graph/zoo/zoo.h"
#include "predict/accuracy.h"
#include "predict/colour_model.h"
#include "support/temporary_folder.h"

namespace ridgeline::predict {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;

/// Only the engines that are part of the program.
const EngineRegistry& built_in() {
  static const EngineRegistry registry(std::vector<std::string>{});
  return registry;
}

Result<Predictor> make_predictor(const Graph& graph, const PredictorOptions& options = {}) {
  return Predictor::make(graph, "the model", *built_in().find("native").value(), options);
}

struct Answers {
  Status status;
  std::vector<std::vector<float>> logits;  // empty for a bad image
  std::vector<std::string> errors;
};

Answers answers_of(Predictor& predictor, const std::vector<std::string>& files) {
  Answers answers;
  answers.status = predictor.run(files, [&](const Prediction& prediction) {
    EXPECT_EQ(prediction.index, answers.logits.size()) << "predictions come in the files' order";
    answers.logits.emplace_back(prediction.logits.begin(), prediction.logits.end());
    if (!prediction.status.ok()) answers.errors.push_back(prediction.status.message());
  });
  return answers;
}

TEST(Predictor, EachFileGetsItsOwnAnswerAlsoInABatchThatIsNotFull) {
  const TemporaryFolder folder;
  std::vector<std::string> files;
  for (int i = 0; i < 7; ++i) {
    files.push_back(folder / fmt::format("{}.png", i));
    write_plain_image(files.back(), {static_cast<uint8_t>(30 * i), 0, 255});
  }
  for (const int batch : {1, 3, 7, 16}) {
    Predictor predictor =
        make_predictor(contracted(colour_model(), colour_contract()), {.threads = 2, .batch = batch}).value();
    const Answers answers = answers_of(predictor, files);
    ASSERT_TRUE(answers.status.ok()) << answers.status.message();
    ASSERT_EQ(answers.logits.size(), files.size());
    for (int i = 0; i < 7; ++i)
      EXPECT_THAT(answers.logits[static_cast<size_t>(i)],
                  ElementsAre(FloatNear(static_cast<float>(30 * i) / 255, 1e-5F), FloatNear(0, 1e-5F),
                              FloatNear(1, 1e-5F)))
          << "batch " << batch << ", file " << i;
  }
}

TEST(Predictor, ABadImageIsReportedByNameAndTheOthersAreAnswered) {
  const TemporaryFolder folder;
  const std::vector<std::string> files = {folder / "красный.png", folder / "broken.png",
                                          folder / "absent.png", folder / "blue.png"};
  write_plain_image(files[0], {255, 0, 0});
  ASSERT_TRUE(write_file_atomically(files[1], "no picture").ok());
  write_plain_image(files[3], {0, 0, 255});
  Predictor predictor = make_predictor(contracted(colour_model(), colour_contract()), {.batch = 3}).value();
  const Answers answers = answers_of(predictor, files);
  ASSERT_TRUE(answers.status.ok()) << answers.status.message();
  EXPECT_THAT(answers.errors, ElementsAre(HasSubstr("broken.png"), HasSubstr("absent.png")));
  EXPECT_THAT(answers.logits,
              ElementsAre(testing::SizeIs(3), testing::IsEmpty(), testing::IsEmpty(), testing::SizeIs(3)));
  EXPECT_GT(answers.logits[0][0], answers.logits[0][2]);
  EXPECT_GT(answers.logits[3][2], answers.logits[3][0]);
}

TEST(Predictor, PicturesAreFedByTheContract) {
  const TemporaryFolder folder;
  const std::vector<std::string> files = {folder / "orange.png"};
  write_plain_image(files[0], {255, 128, 0});
  vision::Contract contract = colour_contract();
  contract.preprocessing.color_order = vision::ColorOrder::kBgr;
  contract.preprocessing.mean = {0.5F, 0, 0};
  Predictor predictor = make_predictor(contracted(colour_model(), contract)).value();
  EXPECT_FALSE(predictor.input().assumed);
  EXPECT_THAT(answers_of(predictor, files).logits[0],
              ElementsAre(FloatNear(-0.5F, 1e-5F), FloatNear(128.0F / 255, 1e-5F), FloatNear(1, 1e-5F)));
}

TEST(Predictor, WithoutAContractTorchvisionsRecipeForTheModelsSizeIsAssumedAndSaid) {
  Predictor predictor = make_predictor(zoo::make("resnet18", {.image_size = 64}).value()).value();
  EXPECT_TRUE(predictor.input().assumed);
  EXPECT_EQ(predictor.input().contract.preprocessing, vision::Preprocessing::for_size(64));
  EXPECT_THAT(assumption_of(predictor.input(), "a.onnx"), HasSubstr("a.onnx"));
  EXPECT_THAT(assumption_of(predictor.input(), "a.onnx"), HasSubstr("crop 64"));
}

TEST(Predictor, AModelThatFixesItsBatchKeepsIt) {
  const TemporaryFolder folder;
  std::vector<std::string> files;
  for (int i = 0; i < 5; ++i) files.push_back(folder / "green.png");
  write_plain_image(files[0], {0, 255, 0});
  Predictor predictor =
      make_predictor(contracted(colour_model({2, 3, 8, 8}), colour_contract()), {.batch = 8}).value();
  EXPECT_EQ(predictor.batch(), 2);
  EXPECT_EQ(answers_of(predictor, files).logits.size(), 5U);
}

TEST(Predictor, AContractThatContradictsTheModelIsRefusedInOneLine) {
  vision::Contract other_size = colour_contract();
  other_size.preprocessing.crop = 16;
  const Status size = make_predictor(contracted(colour_model(), other_size)).status();
  EXPECT_EQ(size.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(size.message(), testing::AllOf(HasSubstr("the model"), HasSubstr("16x16"), HasSubstr("8x8")));
  const Status classes =
      make_predictor(contracted(colour_model(), colour_contract({"red", "green"}))).status();
  EXPECT_EQ(classes.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(classes.message(), testing::AllOf(HasSubstr("2 classes"), HasSubstr("3 outputs")));
  vision::Contract channels_last = colour_contract();
  channels_last.preprocessing.layout = vision::Layout::kNhwc;
  EXPECT_FALSE(make_predictor(contracted(colour_model(), channels_last)).ok());
}

TEST(Predictor, AModelThatTakesNoPicturesIsRefused) {
  for (const Shape& image : {Shape{-1, 3}, Shape{-1, 4, 8, 8}, Shape{-1, 3, 8, 9}})
    EXPECT_EQ(image_input_of(
                  [&] {
                    Graph graph = colour_model();
                    graph.inputs[0].type.shape = image;
                    return graph;
                  }(),
                  "m")
                  .status()
                  .code(),
              ErrorCode::kUnsupported);
}

TEST(Predictor, ARunCanBeCancelled) {
  const TemporaryFolder folder;
  const std::vector<std::string> files(50, folder / "red.png");
  write_plain_image(files[0], {255, 0, 0});
  Predictor predictor = make_predictor(contracted(colour_model(), colour_contract())).value();
  const CancelToken cancel;
  int taken = 0;
  const Status status = predictor.run(
      files,
      [&](const Prediction&) {
        if (++taken == 3) cancel.cancel();
      },
      cancel);
  EXPECT_EQ(status.code(), ErrorCode::kCancelled);
  EXPECT_EQ(taken, 3);
}

TEST(BestEngine, TheNullEngineIsNeverChosen) {
  const Graph graph = contracted(colour_model(), colour_contract());
  const auto engine = best_engine(built_in(), graph, "m", {});
  ASSERT_TRUE(engine.ok()) << engine.status().message();
  EXPECT_EQ((*engine)->name(), "native");
  const Status none = best_engine(built_in(), graph, "m", {.precision = Precision::kFp16}).status();
  EXPECT_EQ(none.code(), ErrorCode::kUnavailable);
  EXPECT_THAT(none.message(), HasSubstr("native: "));
}

TEST(TopK, ProbabilitiesAreTheSoftmaxBestFirstAndTiesGoToTheLowerIndex) {
  const std::vector<float> logits = {1, 3, 3, 1000};
  const auto ranked = top_k(logits, Scores::kLogits, 3);
  ASSERT_EQ(ranked.size(), 3U);
  EXPECT_EQ(ranked[0].index, 3U);
  EXPECT_DOUBLE_EQ(ranked[0].probability, 1);
  EXPECT_EQ(ranked[1].index, 1U);
  EXPECT_EQ(ranked[2].index, 2U);
  const std::vector<float> two = {0, std::log(3.0F)};
  EXPECT_NEAR(top_k(two, Scores::kLogits, 5)[0].probability, 0.75, 1e-6);
  const std::vector<float> shares = {0.25F, 0.75F};
  EXPECT_EQ(top_k(shares, Scores::kProbabilities, 1)[0].probability, 0.75);
}

TEST(MeasuredAccuracy, HitsAreCountedByTheContractsClassNames) {
  const TemporaryFolder folder;
  const std::vector<std::pair<std::string, std::array<uint8_t, 3>>> images = {{"blue/a.png", {0, 0, 255}},
                                                                              {"blue/b.png", {255, 0, 0}},
                                                                              {"red/a.png", {200, 10, 10}},
                                                                              {"red/b.png", {255, 250, 0}}};
  for (const char* name : {"blue", "red"}) ASSERT_TRUE(make_directories(folder / name).ok());
  for (const auto& [name, colour] : images) write_plain_image(folder / name, colour);
  ASSERT_TRUE(write_file_atomically(folder / "red/c.png", "no picture").ok());
  Predictor predictor = make_predictor(contracted(colour_model(), colour_contract()), {.batch = 2}).value();
  const auto data = vision::scan_image_folder(folder / "");
  ASSERT_TRUE(data.ok()) << data.status().message();
  const auto accuracy = measure_accuracy(predictor, *data);
  ASSERT_TRUE(accuracy.ok()) << accuracy.status().message();
  EXPECT_EQ(accuracy->images, 4);
  EXPECT_EQ(accuracy->top1_hits, 3);
  EXPECT_EQ(accuracy->top1(), 0.75);
  EXPECT_EQ(accuracy->top5(), 1);
  EXPECT_THAT(accuracy->skipped, ElementsAre(HasSubstr("red/c.png")));
}

TEST(MeasuredAccuracy, AClassThatTheModelDoesNotKnowIsRefused) {
  const TemporaryFolder folder;
  ASSERT_TRUE(make_directories(folder / "mauve").ok());
  write_plain_image(folder / "mauve/a.png", {9, 9, 9});
  Predictor predictor = make_predictor(contracted(colour_model(), colour_contract())).value();
  const Status status = measure_accuracy(predictor, *vision::scan_image_folder(folder / "")).status();
  EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("'mauve'"));
}

}  // namespace
}  // namespace ridgeline::predict
