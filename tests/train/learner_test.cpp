// What the learner promises, held against numbers that PyTorch 2.15 gave for the same model, images and
// hyper-parameters (torch.optim, torch.nn.utils.clip_grad_norm_, AveragedModel). Tried where the plugin is
// built.

#include "train/learner.h"

#include <algorithm>
#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/cpu_features.h"
#include "engine/plugin_host.h"
#include "graph/zoo/zoo.h"
#include "tiny_model.h"

namespace ridgeline::train {
namespace {

using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::Pointwise;

class LearnerTest : public ::testing::Test {
 protected:
  static constexpr int kSteps = 10;

  void SetUp() override {
    const auto plugin = require_plugin("train_libtorch", plugin_directories());
    if (!plugin.ok()) GTEST_SKIP() << plugin.status().message();
  }

  static std::unique_ptr<Learner> make(const LearnerOptions& options, const Graph& model = tiny_model()) {
    auto learner = make_learner(model, options, plugin_directories());
    EXPECT_TRUE(learner.ok()) << learner.status().message();
    return learner.ok() ? std::move(*learner) : nullptr;
  }

  static Tensor images(int step) { return waves({5, 6, 6, 3}, step, 1); }

  static Tensor targets(int step) {
    Tensor logits = waves({5, 3}, 10 + step, 2);
    const auto values = logits.as<float>();
    for (size_t row = 0; row < 5; ++row) {
      double sum = 0;
      for (size_t i = 0; i < 3; ++i) sum += std::exp(values[row * 3 + i]);
      for (size_t i = 0; i < 3; ++i)
        values[row * 3 + i] = static_cast<float>(std::exp(values[row * 3 + i]) / sum);
    }
    return logits;
  }

  static std::vector<StepResult> train(Learner& learner, double learning_rate, int from = 0,
                                       int until = kSteps) {
    std::vector<StepResult> results;
    for (int i = from; i < until; ++i) {
      const auto result = learner.step(images(i).view(), targets(i).view(), learning_rate);
      EXPECT_TRUE(result.ok()) << result.status().message();
      if (result.ok()) results.push_back(*result);
    }
    return results;
  }

  static std::vector<float> losses(const std::vector<StepResult>& results) {
    std::vector<float> losses;
    for (const StepResult& result : results) losses.push_back(static_cast<float>(result.loss));
    return losses;
  }

  static std::vector<float> state(Learner& learner, const std::string& name) {
    const auto value = learner.state(name);
    EXPECT_TRUE(value.ok()) << value.status().message();
    if (!value.ok()) return {};
    const auto values = value->as<float>();
    return {values.begin(), values.end()};
  }

  static std::vector<float> first_logits(Learner& learner) {
    const auto logits = learner.evaluate(images(0).view(), false);
    EXPECT_TRUE(logits.ok()) << logits.status().message();
    const auto values = logits->as<float>();
    return {values.begin(), values.begin() + 3};
  }
};

TEST_F(LearnerTest, SgdTakesTheStepsOfPyTorch) {
  LearnerOptions options;
  options.optimizer.weight_decay = 1e-2;
  const auto learner = make(options);
  const auto results = train(*learner, 0.1);
  EXPECT_THAT(losses(results),
              Pointwise(FloatNear(1e-5F), {1.2363088F, 1.1806029F, 1.2258604F, 1.1889403F, 1.1674434F,
                                           1.1245325F, 1.0889456F, 1.0843885F, 1.1003609F, 1.1049685F}));
  EXPECT_THAT(state(*learner, "fc.bias"), Pointwise(FloatNear(1e-5F), {0.2886197F, -0.7364077F, 0.3141964F}));
  EXPECT_THAT(state(*learner, "bn.running_var"),
              Pointwise(FloatNear(1e-5F), {0.3777553F, 0.4046775F, 0.4653580F, 0.4551321F}));
  EXPECT_THAT(first_logits(*learner), Pointwise(FloatNear(1e-5F), {0.2731806F, -0.7207472F, 0.2778127F}));
  EXPECT_EQ(learner->state("bn.num_batches_tracked")->as<int64_t>()[0], kSteps);
}

TEST_F(LearnerTest, NesterovClippingAndTheAverageAreThoseOfPyTorch) {
  LearnerOptions options{.clip_grad_norm = 0.05, .ema_decay = 0.9};
  options.optimizer.nesterov = true;
  options.optimizer.weight_decay = 1e-2;
  const auto learner = make(options);
  const auto results = train(*learner, 0.1);
  EXPECT_NEAR(results.back().loss, 1.1900103, 1e-5);
  EXPECT_NEAR(results.front().grad_norm, 0.6048296, 1e-5);
  EXPECT_NEAR(results.back().grad_norm, 0.4199267, 1e-5);
  EXPECT_THAT(state(*learner, "ema.fc.bias"),
              Pointwise(FloatNear(1e-5F), {-0.0750364F, -0.0882519F, 0.0264036F}));
  EXPECT_THAT(state(*learner, "ema.bn.running_var"),
              Pointwise(FloatNear(1e-5F), {0.6734024F, 0.6738870F, 0.6738554F, 0.6745852F}));
}

TEST_F(LearnerTest, AdamWTakesTheStepsOfPyTorch) {
  LearnerOptions options;
  options.optimizer.kind = OptimizerKind::kAdamW;
  options.optimizer.weight_decay = 5e-2;
  const auto learner = make(options);
  EXPECT_NEAR(train(*learner, 0.01).back().loss, 1.1414462, 1e-5);
  EXPECT_THAT(state(*learner, "fc.bias"),
              Pointwise(FloatNear(1e-5F), {-0.0014176F, -0.1521081F, 0.0991761F}));
}

/// Two norms whose results meet, as at the start of a ResNet's stage: 20 channels, which no vector's lanes
/// divide. `apart`: an Identity behind each of the nodes that could run as one.
Graph residual_model(bool apart) {
  constexpr int64_t kChannels = 20;
  Graph graph = tiny_model();
  graph.nodes.clear();
  const auto add = [&](const std::string& op, std::vector<std::string> inputs, const std::string& output,
                       std::map<std::string, Attribute> attributes = {}) {
    const std::string made = apart ? output + ".before" : output;
    graph.nodes.push_back({.name = output,
                           .op = op,
                           .domain = "",
                           .inputs = std::move(inputs),
                           .outputs = {made},
                           .attributes = std::move(attributes)});
    if (apart)
      graph.nodes.push_back(
          {.name = made, .op = "Identity", .domain = "", .inputs = {made}, .outputs = {output}});
  };
  const auto add_norm = [&](const std::string& name, double phase, const std::string& input) {
    graph.initializers[name + ".conv"] = waves({kChannels, 3, 1, 1}, phase, 0.5);
    graph.initializers[name + ".weight"] = waves({kChannels}, phase + 1, 0.2, 1);
    graph.initializers[name + ".bias"] = waves({kChannels}, phase + 2, 0.1);
    graph.initializers[name + ".running_mean"] = waves({kChannels}, 0, 0);
    graph.initializers[name + ".running_var"] = waves({kChannels}, 0, 0, 1);
    add("Conv", {input, name + ".conv"}, name + ".a", {{"kernel_shape", std::vector<int64_t>{1, 1}}});
    add("BatchNormalization",
        {name + ".a", name + ".weight", name + ".bias", name + ".running_mean", name + ".running_var"}, name);
  };
  add_norm("first", 1, "input");
  add_norm("second", 4, "input");
  add_norm("third", 7, "input");
  add("Add", {"first", "second"}, "sum");
  add("Relu", {"sum"}, "kept");
  add("Relu", {"third"}, "other");
  add("Add", {"kept", "other"}, "both");
  add("GlobalAveragePool", {"both"}, "pooled");
  add("Flatten", {"pooled"}, "flat");
  graph.initializers["fc.weight"] = waves({kChannels, 3}, 4, 0.5);
  graph.initializers["fc.bias"] = waves({3}, 5, 0.1);
  graph.nodes.push_back({.name = "fc",
                         .op = "Gemm",
                         .domain = "",
                         .inputs = {"flat", "fc.weight", "fc.bias"},
                         .outputs = {"logits"}});
  return graph;
}

TEST_F(LearnerTest, NodesThatRunAsOneTakeTheSameStepsToTheLastBit) {
  const auto as_one = make({}, residual_model(false));
  const auto apart = make({}, residual_model(true));
  EXPECT_EQ(losses(train(*as_one, 0.1)), losses(train(*apart, 0.1)));
  EXPECT_EQ(first_logits(*as_one), first_logits(*apart));
  for (const std::string name : {"first", "second", "third"}) {
    for (const std::string part : {".conv", ".weight", ".bias", ".running_mean", ".running_var"})
      EXPECT_EQ(state(*as_one, name + part), state(*apart, name + part)) << name << part;
  }
}

/// A 3×3 convolution of 32 channels behind a 1×1 one, which needs its gradient. No rectifier: it would turn a
/// rounding error beside zero into a whole gradient.
Graph wide_model() {
  Graph graph = tiny_model();
  graph.initializers["stem.weight"] = waves({32, 3, 1, 1}, 1, 0.5);
  graph.initializers["conv.weight"] = waves({32, 32, 3, 3}, 2, 0.1);
  graph.initializers["fc.weight"] = waves({32, 3}, 4, 0.5);
  const auto conv = [](const std::string& input, const std::string& name, int64_t pad) {
    return Node{.name = name,
                .op = "Conv",
                .domain = "",
                .inputs = {input, name + ".weight"},
                .outputs = {name},
                .attributes = {{"pads", std::vector<int64_t>(4, pad)}}};
  };
  const auto node = [](const std::string& op, std::vector<std::string> inputs, const std::string& output) {
    return Node{.name = output,
                .op = op,
                .domain = "",
                .inputs = std::move(inputs),
                .outputs = {output},
                .attributes = {}};
  };
  graph.nodes = {conv("input", "stem", 0),
                 conv("stem", "conv", 1),
                 node("GlobalAveragePool", {"conv"}, "pooled"),
                 node("Flatten", {"pooled"}, "flat"),
                 node("Gemm", {"flat", "fc.weight", "fc.bias"}, "logits")};
  return graph;
}

/// `name` after three steps on 16 images.
std::vector<float> weights_after_steps(Learner& learner, const std::string& name) {
  for (int step = 0; step < 3; ++step) {
    Tensor targets = waves({16, 3}, step, 0.0, 1.0 / 3);
    for (size_t row = 0; row < 16; ++row) targets.as<float>()[row * 3 + row % 3] += 1;
    const auto result = learner.step(waves({16, 6, 6, 3}, step, 1).view(), targets.view(), 0.05);
    EXPECT_TRUE(result.ok()) << result.status().message();
  }
  const auto state = learner.state(name);
  EXPECT_TRUE(state.ok()) << state.status().message();
  const auto values = state->as<float>();
  return {values.begin(), values.end()};
}

TEST_F(LearnerTest, FastConvolutionsTakeTheStepsOfDirectOnes) {
  for (const std::vector<std::string>& frozen : {std::vector<std::string>{}, {"conv.weight"}})
    for (const std::string name : {"stem.weight", "conv.weight", "fc.weight"}) {
      LearnerOptions options{.frozen = frozen};
      const auto fast = weights_after_steps(*make(options, wide_model()), name);
      options.convolution = ConvolutionKind::kDirect;
      const auto direct = weights_after_steps(*make(options, wide_model()), name);
      EXPECT_THAT(fast, Pointwise(FloatNear(2e-6F), direct)) << name;
      // Not to the bit: else nothing fast ran.
      const bool learns = frozen.empty() || name != frozen[0];
      if (learns && usable_cpu_features()->avx2) {
        EXPECT_NE(fast, direct) << name;
      }
    }
}

TEST_F(LearnerTest, CountsTheImagesWhoseLargestTargetItFinds) {
  LearnerOptions options;
  options.frozen = {"bn.running_mean", "bn.running_var"};  // so that a step sees what an evaluation sees
  const auto learner = make(options);
  const auto largest = [](std::span<const float> values, size_t row) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(row * 3);
    return std::max_element(first, first + 3) - first;
  };
  for (int i = 0; i < 3; ++i) {
    const auto logits = learner->evaluate(images(i).view(), false);
    ASSERT_TRUE(logits.ok()) << logits.status().message();
    const Tensor wanted = targets(i);
    int64_t correct = 0;
    for (size_t row = 0; row < 5; ++row)
      correct += largest(logits->as<float>(), row) == largest(wanted.as<float>(), row) ? 1 : 0;
    EXPECT_EQ(learner->step(images(i).view(), wanted.view(), 0.1)->correct, correct);
  }
}

TEST_F(LearnerTest, GoesOnBitForBitFromItsState) {
  for (const OptimizerKind kind : {OptimizerKind::kSgd, OptimizerKind::kAdamW}) {
    LearnerOptions options{.ema_decay = 0.9};
    options.optimizer.kind = kind;
    const auto whole = make(options);
    train(*whole, 0.05);
    const auto first_half = make(options);
    train(*first_half, 0.05, 0, 4);
    const auto second_half = make(options);
    for (const std::string& name : second_half->state_names()) {
      const auto value = first_half->state(name);
      ASSERT_TRUE(value.ok()) << value.status().message();
      ASSERT_TRUE(second_half->set_state(name, *value).ok()) << name;
    }
    train(*second_half, 0.05, 4, kSteps);
    for (const std::string& name : whole->state_names()) {
      const Tensor wanted = *whole->state(name), got = *second_half->state(name);
      EXPECT_EQ(std::memcmp(wanted.data(), got.data(), wanted.byte_size()), 0) << name;
    }
  }
}

TEST_F(LearnerTest, FrozenWeightsStayAsTheyAre) {
  LearnerOptions options;
  options.frozen = {"conv.weight", "bn.running_mean", "bn.running_var"};
  const auto learner = make(options);
  const auto conv = state(*learner, "conv.weight");
  const auto variance = state(*learner, "bn.running_var");
  const auto bias = state(*learner, "fc.bias");
  train(*learner, 0.1);
  EXPECT_EQ(state(*learner, "conv.weight"), conv);
  EXPECT_EQ(state(*learner, "bn.running_var"), variance);
  EXPECT_NE(state(*learner, "fc.bias"), bias);
  EXPECT_EQ(learner->state("bn.num_batches_tracked")->as<int64_t>()[0], 0);
}

TEST_F(LearnerTest, Bf16KeepsWeightsInFp32AndGivesTheLossesOfAutocast) {
  LearnerOptions options{.precision = Precision::kBf16};
  options.optimizer.weight_decay = 1e-2;
  const auto learner = make(options);
  EXPECT_THAT(losses(train(*learner, 0.1)),
              Pointwise(FloatNear(1e-4F), {1.2361270F, 1.1807383F, 1.2215445F, 1.1979557F, 1.1638238F,
                                           1.1287264F, 1.0914443F, 1.0847765F, 1.1017150F, 1.1054586F}));
  EXPECT_EQ(learner->state("conv.weight")->dtype(), DType::kF32);
}

TEST_F(LearnerTest, AStepUsesTheMemoryOfTheStepBefore) {
  const auto graph = zoo::make("resnet18", {.num_classes = 3});
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  const auto learner = make_learner(*graph, {}, plugin_directories());
  ASSERT_TRUE(learner.ok()) << learner.status().message();
  const Tensor images = waves({16, 160, 160, 3}, 0, 1);
  const Tensor targets = waves({16, 3}, 0, 0, 1.0 / 3);
  const auto fresh_pages = [&] {
    rusage before{};
    getrusage(RUSAGE_SELF, &before);
    EXPECT_TRUE((*learner)->step(images.view(), targets.view(), 0.1).ok());
    rusage after{};
    getrusage(RUSAGE_SELF, &after);
    return after.ru_minflt - before.ru_minflt;
  };
  constexpr int64_t kPagesOfTheFirstOutput = 16 * 64 * 80 * 80 * 4 / 4096;  // of dozens of tensors as large
  fresh_pages();
  fresh_pages();
  EXPECT_LT(fresh_pages(), kPagesOfTheFirstOutput / 4);
}

TEST_F(LearnerTest, RefusesStateOfAnotherShape) {
  const auto learner = make({});
  const Status status = learner->set_state("fc.bias", waves({4}, 0, 1));
  EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("'fc.bias' is f32 3 here and f32 4"));
  EXPECT_EQ(learner->state("fc.gain").status().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace ridgeline::train
