#include "quantize/quantizer.h"

#include <algorithm>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/rng.h"
#include "engine/native/native_engine.h"
#include "quantize/report.h"
#include "quantize/small_model.h"
#include "support/temporary_folder.h"
#include "vision/encode.h"

namespace ridgeline::quantize {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

/// Small pictures of seeded noise around a colour of their own.
class QuantizerTest : public ::testing::Test {
 protected:
  QuantizerTest() {
    for (int i = 0; i < 9; ++i) pictures_.calibration.push_back(write("calibration", i));
    for (int i = 0; i < 20; ++i) pictures_.test.push_back(write("test", i));
    const auto answers = runner_.ask(small_model(), "small", pictures_.test);
    EXPECT_TRUE(answers.ok()) << answers.status().message();
    pictures_.test_labels = answers->best;  // FP32 is always right
  }

  std::string write(const char* what, int number) const {
    vision::Image image(12, 10);
    Rng rng(static_cast<uint64_t>(number) + 1);
    const auto colour = static_cast<int>(rng.below(200));
    for (uint8_t& value : image.rgb) value = static_cast<uint8_t>(colour + static_cast<int>(rng.below(55)));
    const std::string path = folder_ / fmt::format("{}{}.png", what, number);
    EXPECT_TRUE(write_file_atomically(path, *vision::encode_png(image, vision::PngColor::kRgb)).ok());
    return path;
  }

  Result<Outcome> quantized(const Options& options = {}) const {
    return quantize(small_model(), "small", pictures_, runner_, options);
  }

  TemporaryFolder folder_;
  std::unique_ptr<Engine> engine_ = make_native_engine();
  Runner runner_{*engine_};
  Pictures pictures_;
};

TEST_F(QuantizerTest, EndsInAModelThatIsStoredInInt8AndAnswersTheSame) {
  const auto found = quantized({.max_drop_points = 20});
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ(found->calibration_images, 9U);
  EXPECT_EQ(found->final.images, 20);
  EXPECT_EQ(found->final.hits_before, 20);
  EXPECT_LE(found->final.drop_points(), 20);
  EXPECT_GT(found->final.logit_sqnr_db, 20);
  EXPECT_GT(std::ranges::count(found->graph.nodes, "QuantizeLinear", &Node::op), 0);
}

TEST_F(QuantizerTest, SaysOfEachLayerWhatItAloneLoses) {
  const auto found = quantized({.max_drop_points = 100});
  ASSERT_TRUE(found.ok()) << found.status().message();
  ASSERT_THAT(found->layers, SizeIs(3));
  for (const LayerOutcome& layer : found->layers) {
    EXPECT_TRUE(layer.int8);
    EXPECT_GT(layer.sqnr_db, found->all_int8.logit_sqnr_db - 6) << layer.name;
    EXPECT_LT(layer.sqnr_db, 100) << layer.name;
  }
}

TEST_F(QuantizerTest, LeavesTheWorstLayersInFloatAndGivesUpWhereThatDoesNotHelp) {
  const auto found = quantized({.max_drop_points = -1});  // better than always right cannot be
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_FALSE(found->search.reached);
  EXPECT_EQ(std::ranges::count(found->layers, false, &LayerOutcome::int8), 3);
  EXPECT_EQ(std::ranges::count(found->graph.nodes, "QuantizeLinear", &Node::op), 0);
}

TEST_F(QuantizerTest, SkipsBadPicturesByName) {
  for (auto* files : {&pictures_.calibration, &pictures_.test}) {
    const std::string bad = folder_ / fmt::format("bad{}.png", files->size());
    ASSERT_TRUE(write_file_atomically(bad, "no picture").ok());
    files->insert(files->begin() + 1, bad);
  }
  pictures_.test_labels.insert(pictures_.test_labels.begin() + 1, 0);
  const auto found = quantized({.max_drop_points = 100});
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ(found->calibration_images, 9U);
  EXPECT_EQ(found->final.images, 20);
  EXPECT_EQ(found->final.hits_before, 20);
  EXPECT_THAT(found->skipped, ElementsAre(HasSubstr("bad9.png"), HasSubstr("bad20.png")));
}

TEST_F(QuantizerTest, RefusesWhatItCannotDoInOneLine) {
  Graph nothing = small_model();
  nothing.nodes = {nothing.nodes[1]};
  nothing.nodes[0].inputs = {"x"};
  nothing.outputs = {{"r1", nothing.inputs[0].type, {}}};
  EXPECT_THAT(quantize(nothing, "relu.onnx", pictures_, runner_, {}).status().message(),
              HasSubstr("relu.onnx: no Conv, Gemm or MatMul"));
  pictures_.test_labels[3] = 5;
  EXPECT_THAT(quantized().status().message(), HasSubstr("the model 5 outputs"));
}

TEST_F(QuantizerTest, IsTheSameModelEachTime) {
  const auto first = quantized({.max_drop_points = 100}), second = quantized({.max_drop_points = 100});
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(layers_json(*first).dump(), layers_json(*second).dump());
  EXPECT_EQ(accuracy_json(*first, 100).dump(), accuracy_json(*second, 100).dump());
}

TEST_F(QuantizerTest, ReportsSharesIntervalsAndDecisions) {
  const auto found = quantized({.max_drop_points = 100});
  ASSERT_TRUE(found.ok()) << found.status().message();
  const Json accuracy = accuracy_json(*found, 0.5);
  EXPECT_EQ(accuracy["images"], 20);
  EXPECT_EQ(accuracy["before"]["top1"], 1.0);
  EXPECT_LE(accuracy["after"]["drop_low"], accuracy["after"]["drop_points"]);
  EXPECT_GE(accuracy["after"]["drop_high"], accuracy["after"]["drop_points"]);
  EXPECT_EQ(layers_json(*found)[0]["decision"], "int8");
  EXPECT_THAT(to_text(*found, 0.5), HasSubstr("conv1"));
}

}  // namespace
}  // namespace ridgeline::quantize
