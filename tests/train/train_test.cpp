// The pure parts: schedules, configurations, first weights, what an evaluation sums up.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/yaml.h"
#include "formats/weights.h"
#include "graph/zoo/zoo.h"
#include "support/temporary_folder.h"
#include "train/config.h"
#include "train/evaluation.h"
#include "train/run.h"
#include "train/schedule.h"
#include "train/starting_point.h"
#include "vision/contract.h"

namespace ridgeline::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::vector<double> rates(const Schedule& schedule, const RunLength& length) {
  std::vector<double> all;
  for (int64_t step = 0; step < length.epochs * length.steps_per_epoch; ++step)
    all.push_back(learning_rate(schedule, length, step));
  return all;
}

/// PyTorch's SequentialLR([LinearLR(start_factor=0.01, total_iters=4), CosineAnnealingLR(T_max=8)], [4]).
TEST(Schedule, CosineWithWarmUpIsPyTorchs) {
  const Schedule schedule{.kind = ScheduleKind::kCosine, .base = 0.2, .warmup_epochs = 1};
  const std::vector<double> wanted = {0.002, 0.0515,        0.101,         0.1505,
                                      0.2,   0.1923879533,  0.1707106781,  0.1382683432,
                                      0.1,   0.06173165676, 0.02928932188, 0.007612046749};
  EXPECT_THAT(rates(schedule, {3, 4}), ::testing::Pointwise(::testing::DoubleNear(1e-9), wanted));
}

/// SequentialLR([LinearLR(start_factor=0.01, total_iters=2), StepLR(step_size=4, gamma=0.1)], [2]).
TEST(Schedule, StepWithWarmUpIsPyTorchs) {
  const Schedule schedule{
      .kind = ScheduleKind::kStep, .base = 0.2, .warmup_epochs = 1, .step_epochs = 2, .gamma = 0.1};
  const std::vector<double> wanted = {0.002, 0.101, 0.2, 0.2, 0.2, 0.2, 0.02, 0.02, 0.02, 0.02, 0.002, 0.002};
  EXPECT_THAT(rates(schedule, {6, 2}), ::testing::Pointwise(::testing::DoubleNear(1e-9), wanted));
}

TEST(Schedule, ConstantStaysAsItIs) {
  EXPECT_THAT(rates({.base = 0.3}, {2, 2}), ElementsAre(0.3, 0.3, 0.3, 0.3));
}

Json config_json(const std::string& overrides = "{}") {
  Json json = *parse_yaml(R"(
model: {name: resnet18}
data: {root: flowers, cache_mb: 64}
optimizer: {name: sgd, lr: 0.05, momentum: 0.9, weight_decay: 0.0001, nesterov: true}
scheduler: {name: step, warmup_epochs: 0, step_size: 30, gamma: 0.1}
augment: {scale: [0.08, 1.0], ratio: [0.75, 1.333], flip: 0.5, brightness: 0.0, contrast: 0.0, saturation: 0.0, hue: 0.0,
          trivial_augment: false, random_erase: 0.0, mixup_alpha: 0.2, cutmix_alpha: 0.0}
image_size: 256
epochs: 5
batch_size: 32
seed: 1
precision: bf16
convolution: direct
device: cpu
threads: 1
label_smoothing: 0.1
clip_grad_norm: 1.0
ema: {decay: 0.99}
early_stop: {patience: 3}
freeze: ["conv1.*"]
weights: ""
resume: false
out: weights
)",
                          "test");
  json.merge_patch(*parse_yaml(overrides, "test"));
  return json;
}

TEST(TrainConfig, TakesEveryKey) {
  const auto config = config_from_json(config_json());
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->tag(), "resnet18_256");
  EXPECT_EQ(config->learner.precision, Precision::kBf16);
  EXPECT_EQ(config->learner.convolution, ConvolutionKind::kDirect);
  EXPECT_TRUE(config->learner.optimizer.nesterov);
  EXPECT_EQ(config->learner.ema_decay, 0.99);
  EXPECT_EQ(config->schedule.base, 0.05);
  EXPECT_EQ(config->schedule.kind, ScheduleKind::kStep);
  EXPECT_EQ(config->augmentation->mixup_alpha, 0.2);
  EXPECT_THAT(config->freeze, ElementsAre("conv1.*"));
}

TEST(TrainConfig, NamesTheKeyThatIsWrong) {
  const auto message = [](const std::string& overrides) {
    return config_from_json(config_json(overrides)).status().message();
  };
  EXPECT_EQ(message("{model: null}"), "model.name is not set: name one with +model=NAME");
  EXPECT_EQ(message("{data: null}"), "data.cache_mb is not set: name one with +data=NAME");
  EXPECT_EQ(message("{epochs: 0}"), "epochs is 0: it must be 1 to 1000000");
  EXPECT_EQ(message("{precision: fp8}"), "precision is 'fp8': it must be one of bf16, fp32");
  EXPECT_EQ(message("{optimizer: {lr: -1}}"), "optimizer.lr is -1: it must be 0 or more");
  EXPECT_EQ(message("{optimizer: {momentum: 0}}"), "optimizer.nesterov is true: it needs a momentum above 0");
}

TEST(Patterns, StarsStandForAnything) {
  EXPECT_TRUE(matches("layer1.*", "layer1.0.conv1.weight"));
  EXPECT_TRUE(matches("*.bias", "fc.bias"));
  EXPECT_TRUE(matches("*bn*weight", "layer1.0.bn1.weight"));
  EXPECT_FALSE(matches("layer1.*", "layer2.0.conv1.weight"));
  EXPECT_FALSE(matches("fc", "fc.bias"));
}

double deviation_of(const Tensor& tensor) {
  double squares = 0;
  for (const float value : tensor.as<float>()) squares += static_cast<double>(value) * value;
  return std::sqrt(squares / static_cast<double>(tensor.element_count()));
}

TEST(InitialWeights, AreSpreadAsTorchvisionsAre) {
  Graph graph = *zoo::make("resnet18", {.num_classes = 10});
  draw_initial_weights(graph, 3);
  // torchvision: kaiming_normal_(mode="fan_out", nonlinearity="relu")
  EXPECT_NEAR(deviation_of(*graph.initializer("conv1.weight")), std::sqrt(2.0 / (64 * 49)), 1e-3);
  EXPECT_NEAR(deviation_of(*graph.initializer("layer3.1.conv2.weight")), std::sqrt(2.0 / (256 * 9)), 2e-4);
  // uniform within 1/sqrt(512)
  EXPECT_NEAR(deviation_of(*graph.initializer("fc.weight")), 1 / std::sqrt(512 * 3.0), 1e-3);
  EXPECT_THAT(graph.initializer("bn1.weight")->as<float>(), ::testing::Each(1));
  EXPECT_THAT(graph.initializer("bn1.running_mean")->as<float>(), ::testing::Each(0));
  Graph again = *zoo::make("resnet18", {.num_classes = 10});
  draw_initial_weights(again, 3);
  EXPECT_EQ(deviation_of(*again.initializer("conv1.weight")),
            deviation_of(*graph.initializer("conv1.weight")));
}

TEST(StartingPointTest, TakesPretrainedWeightsAndGivesOtherClassesAFreshHead) {
  const TemporaryFolder folder;
  const std::string path = folder / "pretrained.safetensors";
  const Graph pretrained = *zoo::make("lenet", {.num_classes = 7, .image_size = 32});
  ASSERT_TRUE(formats::save_safetensors(formats::weights_of(pretrained), path).ok());
  TrainConfig config;
  config.model = "lenet";
  config.image_size = 32;
  config.weights = path;
  const auto start = starting_point(config, 3);
  ASSERT_TRUE(start.ok()) << start.status().message();
  EXPECT_THAT(start->remarks, ElementsAre(HasSubstr("has 7 classes: the head starts with fresh weights")));
  EXPECT_EQ(start->graph.initializer("clf.weight")->shape()[0], 3);
  EXPECT_EQ(start->graph.initializer("conv1.weight")->as<float>()[5],
            pretrained.initializer("conv1.weight")->as<float>()[5]);
  const auto same = starting_point(config, 7);
  ASSERT_TRUE(same.ok()) << same.status().message();
  EXPECT_THAT(same->remarks, SizeIs(0));
  config.model = "resnet18";
  EXPECT_THAT(starting_point(config, 7).status().message(), HasSubstr(path));
}

TEST(StartingPointTest, KeepsTheColoursThatPretrainedWeightsKnow) {
  const TemporaryFolder folder;
  vision::Contract contract{.preprocessing = vision::Preprocessing::for_size(64), .classes = {"a", "b", "c"}};
  contract.preprocessing.mean = {0.5F, 0.4F, 0.3F};
  contract.preprocessing.color_order = vision::ColorOrder::kBgr;
  formats::StateDict weights = formats::weights_of(*zoo::make("lenet", {.num_classes = 3, .image_size = 32}));
  weights.metadata = vision::to_metadata(contract);
  weights.tensors.front().first =
      "resnet.embedder.embedder.convolution.weight";  // transformers' conv1.weight
  TrainConfig config;
  config.model = "lenet";
  config.image_size = 32;
  config.weights = folder / "pretrained.safetensors";
  ASSERT_TRUE(formats::save_safetensors(weights, config.weights).ok());
  const auto start = starting_point(config, 3);
  ASSERT_TRUE(start.ok()) << start.status().message();
  EXPECT_EQ(start->preprocessing.mean, contract.preprocessing.mean);
  EXPECT_EQ(start->preprocessing.color_order, vision::ColorOrder::kBgr);
  EXPECT_EQ(start->preprocessing.crop, 32);
}

TEST(StartingPointTest, FreezesWhatAPatternFitsAndRefusesOneThatFitsNothing) {
  TrainConfig config;
  config.model = "lenet";
  config.image_size = 32;
  config.freeze = {"conv1.*"};
  EXPECT_THAT(starting_point(config, 3)->frozen, ElementsAre("conv1.bias", "conv1.weight"));
  config.freeze = {"bn1.*"};
  EXPECT_THAT(starting_point(config, 3).status().message(), HasSubstr("no weight of lenet fits 'bn1.*'"));
}

TEST(EvaluationTest, CountsLossTopOneTopFiveAndConfusion) {
  Evaluation evaluation(6);
  const Tensor logits =
      *Tensor::from_values<float>({2, 6}, std::vector<float>{9, 0, 1, 2, 3, 4, 0, 5, 1, 2, 3, 4});
  evaluation.add(logits.view(), std::array<int64_t, 2>{0, 0});
  EXPECT_EQ(evaluation.images(), 2);
  EXPECT_EQ(evaluation.top1_pct(), 50);
  EXPECT_EQ(evaluation.top5_pct(), 50);  // of the second image class 0 is the sixth
  EXPECT_NEAR(evaluation.loss(), 2.7333627, 1e-6);
  EXPECT_THAT(evaluation.confusion_csv({"a", "b,c", "d", "e", "f", "g"}),
              ::testing::StartsWith("class,a,\"b,c\",d,e,f,g\na,1,1,0,0,0,0\n\"b,c\",0"));
}

TEST(RendezvousTest, ReadsWhatTorchrunSets) {
  const auto set = [](const char* name, const char* value) { setenv(name, value, 1); };
  EXPECT_FALSE(rendezvous_from_environment()->has_value());
  set("WORLD_SIZE", "2");
  set("RANK", "1");
  set("MASTER_PORT", "29500");
  EXPECT_THAT(rendezvous_from_environment().status().message(), HasSubstr("MASTER_ADDR is not"));
  set("MASTER_ADDR", "localhost");
  EXPECT_EQ((*rendezvous_from_environment())->rank, 1);
  set("RANK", "two");
  EXPECT_THAT(rendezvous_from_environment().status().message(), HasSubstr("RANK is 'two'"));
  set("RANK", "2");
  EXPECT_THAT(rendezvous_from_environment().status().message(), HasSubstr("RANK is 2 of WORLD_SIZE 2"));
  for (const char* name : {"WORLD_SIZE", "RANK", "MASTER_PORT", "MASTER_ADDR"}) unsetenv(name);
}

}  // namespace
}  // namespace ridgeline::train
