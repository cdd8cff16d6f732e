#include "predict/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "formats/onnx.h"
#include "graph/passes/to_bf16.h"
#include "graph/zoo/zoo.h"
#include "predict/colour_model.h"
#include "predict/sample_images.h"
#include "support/temporary_folder.h"

namespace ridgeline::predict {
namespace {

using testing::HasSubstr;

const EngineRegistry& built_in() {
  static const EngineRegistry registry(std::vector<std::string>{});
  return registry;
}
const Engine& native() { return **built_in().find("native"); }

/// Native, but with one weight tensor doubled: a bug in one layer.
class FaultyEngine : public Engine {
 public:
  explicit FaultyEngine(std::string weights) : weights_(std::move(weights)) {}
  std::string_view name() const override { return "faulty"; }
  std::string version() const override { return "1"; }
  Capabilities probe() const override { return native().probe(); }
  Status supports(const Graph& graph, const SessionOptions& options) const override {
    return native().supports(graph, options);
  }
  Result<std::unique_ptr<Session>> compile(const Graph& graph, const SessionOptions& options) const override {
    Graph broken = graph;
    ASSIGN_OR_RETURN(Tensor doubled, Tensor::from_values<float>(graph.initializer(weights_)->shape(),
                                                                graph.initializer(weights_)->as<float>()));
    for (float& value : doubled.as<float>()) value *= 2;
    broken.initializers[weights_] = doubled;
    return native().compile(broken, options);
  }

 private:
  const std::string weights_;
};

/// Is here, takes every model, and ends in an error.
class FailingEngine : public Engine {
 public:
  explicit FailingEngine(ErrorCode code) : code_(code) {}
  std::string_view name() const override { return "failing"; }
  std::string version() const override { return "1"; }
  Capabilities probe() const override { return native().probe(); }
  Status supports(const Graph&, const SessionOptions&) const override { return {}; }
  Result<std::unique_ptr<Session>> compile(const Graph&, const SessionOptions&) const override {
    return Status(code_, "out of steam");
  }

 private:
  const ErrorCode code_;
};

class Verify : public testing::Test {
 protected:
  Verification verify_on(std::unique_ptr<const Engine> engine, const Graph& exported) {
    std::vector<std::unique_ptr<const Engine>> engines;
    engines.push_back(std::move(engine));
    const Result<Verification> verification =
        verify({original_, exported, images_.batches, 2}, native(), engines, [](const EngineVerdict&) {});
    EXPECT_TRUE(verification.ok()) << verification.status().message();
    return verification.ok() ? *verification : Verification{};
  }

  const Graph original_ = zoo::make("lenet", {.num_classes = 7, .image_size = 64}).value();
  const SampleImages images_ = paint_samples(vision::Preprocessing::for_size(64), 4).value();
};

TEST_F(Verify, TheSameModelAgreesOnTheEngineThatIsTheReference) {
  const Result<Verification> verification =
      verify({original_, original_, images_.batches, 2}, native(), built_in().engines(), [](const auto&) {});
  ASSERT_TRUE(verification.ok()) << verification.status().message();
  EXPECT_EQ(verification->reference, "native");
  EXPECT_TRUE(verification->agrees());
  for (const EngineVerdict& row : verification->engines) {
    EXPECT_NE(row.engine, "null");
    if (row.engine == "native") {
      EXPECT_EQ(row.verdict, Verdict::kAgrees);
      EXPECT_EQ(row.agreement->max_abs_diff, 0);
      EXPECT_EQ(row.agreement->top1_agreement, 1);
    } else {
      EXPECT_EQ(row.verdict, Verdict::kSkipped) << "plugins are not in this registry";
      EXPECT_NE(row.reason, "");
    }
  }
}

TEST_F(Verify, AnEngineThatComputesOneLayerWrongIsADisagreementAndTheLayerIsNamed) {
  for (const std::string layer : {"conv1", "conv3", "conv5"}) {
    const Verification verification = verify_on(std::make_unique<FaultyEngine>(layer + ".weight"), original_);
    EXPECT_FALSE(verification.agrees());
    const EngineVerdict& row = verification.engines[0];
    EXPECT_EQ(row.verdict, Verdict::kDisagrees);
    EXPECT_THAT(row.reason, HasSubstr("fp32 may differ by"));
    ASSERT_TRUE(row.diverging.has_value()) << layer;
    EXPECT_EQ(row.diverging->layer, layer);
    EXPECT_EQ(row.diverging->op, "Conv");
    EXPECT_GT(row.diverging->max_abs_diff, 0);
  }
}

TEST_F(Verify, AnExportThatLostAWeightIsADisagreement) {
  Graph exported = original_;
  exported.initializers["clf.weight"] = Tensor::zeros(DType::kF32, {7, 256 * 4}).value();
  const Verification verification =
      verify({original_, exported, images_.batches, 2}, native(), built_in().engines(), [](const auto&) {
      }).value();
  EXPECT_FALSE(verification.agrees());
  EXPECT_EQ(verification.engines[0].verdict, Verdict::kDisagrees);
  EXPECT_EQ(verification.engines[0].diverging->layer, "clf");
}

TEST_F(Verify, Bf16WeightsAgreeWithinTheirBoundAndReallyDiffer) {
  Graph exported = original_;
  ASSERT_TRUE(passes::to_bf16(exported).ok());
  const Verification verification =
      verify({original_, exported, images_.batches, 2}, native(), built_in().engines(), [](const auto&) {
      }).value();
  EXPECT_TRUE(verification.agrees()) << verification.engines[0].reason;
  EXPECT_EQ(verification.engines[0].precision, Precision::kBf16);
  EXPECT_GT(verification.engines[0].agreement->max_abs_diff, 1e-5);
}

TEST_F(Verify, AnEngineThatFailsIsNoAgreementButOneThatLacksAnOpIsSkipped) {
  const Verification failed = verify_on(std::make_unique<FailingEngine>(ErrorCode::kInternal), original_);
  EXPECT_EQ(failed.engines[0].verdict, Verdict::kFailed);
  EXPECT_EQ(failed.engines[0].reason, "out of steam");
  EXPECT_FALSE(failed.agrees());
  const Verification lacking = verify_on(std::make_unique<FailingEngine>(ErrorCode::kUnsupported), original_);
  EXPECT_EQ(lacking.engines[0].verdict, Verdict::kSkipped);
  EXPECT_FALSE(lacking.agrees()) << "no engine ran the file";
}

/// Every engine that is here runs the zoo's model from every opset and in every precision that is written.
TEST_F(Verify, EnginesThatAreHereAgreeOnEveryOpsetAndPrecision) {
  const EngineRegistry registry;
  const auto check = [&](const Graph& converted, int64_t opset) {
    const Graph exported =
        formats::parse_onnx(formats::to_onnx(converted, {.opset = opset}).value(), "exported.onnx").value();
    const Result<Verification> verification =
        verify({original_, exported, images_.batches, 2}, native(), registry.engines(), [](const auto&) {});
    ASSERT_TRUE(verification.ok()) << verification.status().message();
    EXPECT_TRUE(verification->agrees() || verification->engines.empty()) << "opset " << opset;
    for (const EngineVerdict& row : verification->engines)
      EXPECT_THAT(row.verdict, testing::AnyOf(Verdict::kAgrees, Verdict::kSkipped))
          << row.engine << " at opset " << opset << ": " << row.reason;
  };
  for (int64_t opset = formats::kOldestWrittenOpset; opset <= formats::kMaxOpset; ++opset)
    check(original_, opset);
  Graph narrow = original_;
  ASSERT_TRUE(passes::to_bf16(narrow).ok());
  check(narrow, formats::kGraphOpset);
}

TEST(SampleImages, AFolderIsSampledEvenlyAndBadFilesAreLeftOut) {
  const TemporaryFolder folder;
  for (int i = 0; i < 20; ++i)
    write_plain_image(folder / fmt::format("{:02}.png", i), {static_cast<uint8_t>(i), 0, 0});
  ASSERT_TRUE(write_file_atomically(folder / "10.png", "no picture").ok());
  const vision::Preprocessing how = colour_contract().preprocessing;
  const SampleImages samples = sample_folder(folder / "", how, 10).value();
  EXPECT_EQ(samples.count, 8) << "nine good images fill one batch of eight";
  ASSERT_EQ(samples.batches.size(), 1U);
  EXPECT_EQ(samples.batches[0].shape(), (Shape{8, 3, 8, 8}));
  EXPECT_THAT(samples.skipped, testing::ElementsAre(HasSubstr("10.png")));
  EXPECT_FLOAT_EQ(samples.batches[0].as<float>()[3 * 64], 2.0F / 255) << "every second file";
  EXPECT_EQ(sample_folder(folder / "", how, 3)->batches[0].shape()[0], 3);
}

TEST(SampleImages, PaintedImagesAreTheSameEachTime) {
  const auto how = vision::Preprocessing::for_size(32);
  const SampleImages first = paint_samples(how, 2).value(), again = paint_samples(how, 2).value();
  EXPECT_TRUE(std::ranges::equal(first.batches[0].as<float>(), again.batches[0].as<float>()));
}

}  // namespace
}  // namespace ridgeline::predict
