// Squeeze-and-excitation on blocks: which convolutions take in the products before them, which leave means,
// and that they give what the reference kernels give.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "engine/native/explain.h"
#include "engine/native/plan.h"
#include "engine/native/profile.h"

namespace ridgeline::native {
namespace {

using ::testing::Contains;
using ::testing::Not;

bool has_blocks() {
  const CpuFeatures cpu = usable_cpu_features().value();
  return cpu.avx2 && cpu.fma;
}

struct Case {
  Shape input{1, 3, 14, 14};
  int64_t channels = 24, results = 10;
  int64_t kernel = 1, stride = 1, groups = 1;  ///< of the projection
  bool is_image_second = true;                 ///< of the product
};

/// A stem, a depthwise convolution, what squeezes it, the product "mul" and a convolution "project" of that.
class Block {
 public:
  explicit Block(const Case& of, uint64_t seed = 1) : rng_(seed) {
    graph.inputs = {{"input", {DType::kF32, of.input}, {}}};
    const int64_t c = of.channels;
    const Attribute same = std::vector<int64_t>(4, 1);
    conv("stem", "input", {c, of.input[1], 3, 3}, {{"pads", same}});
    conv("depthwise", "stem", {c, 1, 3, 3}, {{"pads", same}, {"group", c}});
    add("GlobalAveragePool", "mean", {"depthwise"});
    conv("excite", "mean", {c, c, 1, 1}, {});
    add("Sigmoid", "gate", {"excite"});
    add("Mul", "mul",
        of.is_image_second ? std::vector<std::string>{"gate", "depthwise"}
                           : std::vector<std::string>{"depthwise", "gate"});
    conv("project", "mul", {of.results, c / of.groups, of.kernel, of.kernel},
         {{"strides", std::vector<int64_t>(2, of.stride)}, {"group", of.groups}});
    give("project");
  }

  void add(std::string op, const std::string& name, std::vector<std::string> inputs,
           std::map<std::string, Attribute> attributes = {}) {
    graph.nodes.push_back({.name = name,
                           .op = std::move(op),
                           .inputs = std::move(inputs),
                           .outputs = {name},
                           .attributes = std::move(attributes)});
  }
  void conv(const std::string& name, const std::string& x, const Shape& weights,
            std::map<std::string, Attribute> attributes) {
    add("Conv", name, {x, constant(weights), constant({weights[0]})}, std::move(attributes));
  }
  void give(const std::string& value) { graph.outputs.push_back({value, {DType::kF32, std::nullopt}, {}}); }

  Graph graph;

 private:
  std::string constant(const Shape& shape) {
    Tensor tensor = Tensor::zeros(DType::kF32, shape).value();
    const double terms = static_cast<double>(shape.element_count()) / static_cast<double>(shape[0]);
    for (float& element : tensor.as<float>()) element = static_cast<float>(rng_.normal() / std::sqrt(terms));
    const std::string name = "c" + std::to_string(graph.initializers.size());
    graph.initializers[name] = tensor;
    return name;
  }

  Rng rng_;
};

std::vector<std::string> steps_of(const Graph& graph, const PlanOptions& options = {}) {
  std::vector<std::string> names;
  const auto plan = explain(graph, options);
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  for (const PlannedStep& step : plan->steps) names.push_back(step.name);
  return names;
}

Result<std::vector<float>> outputs_of(const Graph& graph, const PlanOptions& options) {
  Tensor image = Tensor::zeros(DType::kF32, *graph.inputs[0].type.shape).value();
  Rng rng(9);
  for (float& element : image.as<float>()) element = static_cast<float>(rng.normal());
  ASSIGN_OR_RETURN(Plan plan, make_plan(graph, options));
  ThreadPool pool(options.threads);
  const std::array in = {image.view()};
  for (int again = 0; again < 2; ++again) RETURN_IF_ERROR(plan.run(in, pool));
  std::vector<float> all;
  for (const size_t slot : plan.outputs) {
    const auto values = plan.slots[slot].as<float>();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

Result<std::vector<float>> reference_of(const Graph& graph) {
  setenv("RIDGELINE_CPU", "ref", 1);
  auto outputs = outputs_of(graph, {});
  unsetenv("RIDGELINE_CPU");
  return outputs;
}

TEST(Squeezes, AProductThatOnlyAProjectionReadsIsPartOfIt) {
  if (!has_blocks()) GTEST_SKIP() << "no kernels for blocks of channels on this CPU";
  for (const bool is_image_second : {false, true}) {
    const Block block({.is_image_second = is_image_second});
    EXPECT_THAT(steps_of(block.graph), Contains("mul+project"));
    EXPECT_THAT(steps_of(block.graph), Not(Contains("mul")));
  }
}

TEST(Squeezes, AProjectionKeepsTheResidualAndTheActivationBehindIt) {
  if (!has_blocks()) GTEST_SKIP() << "no kernels for blocks of channels on this CPU";
  Block block({.results = 24});
  block.graph.outputs.clear();
  block.add("Add", "sum", {"project", "stem"});
  block.add("HardSwish", "swish", {"sum"});
  block.give("swish");
  EXPECT_THAT(steps_of(block.graph), Contains("mul+project+sum+swish"));
  const auto want = reference_of(block.graph), got = outputs_of(block.graph, {.threads = 2});
  ASSERT_TRUE(want.ok() && got.ok());
  for (size_t i = 0; i < want->size(); ++i) ASSERT_NEAR((*got)[i], (*want)[i], 2e-5) << i;
}

TEST(Squeezes, AProductStaysAStepWhereNoKernelTakesItIn) {
  for (const Case& of :
       {Case{.kernel = 3}, Case{.stride = 2}, Case{.results = 12, .groups = 2}, Case{.input{1, 3, 7, 7}}})
    EXPECT_THAT(steps_of(Block(of).graph), Contains("mul"));
  for (const Precision precision : {Precision::kBf16, Precision::kBf16x3})
    EXPECT_THAT(steps_of(Block({}).graph, {.precision = precision, .narrow = NarrowKernels::kLines}),
                Contains("mul"));
}

TEST(Squeezes, AProductStaysAStepWhereSomebodyElseReadsIt) {
  Block output({}), twice({}), residual({.results = 24});
  output.give("mul");
  twice.add("Relu", "relu", {"mul"});
  twice.give("relu");
  residual.add("Add", "sum", {"project", "mul"});
  residual.give("sum");
  for (const Block* block : {&output, &twice, &residual})
    EXPECT_THAT(steps_of(block->graph), Contains("mul"));
}

TEST(Squeezes, AProductOfTwoImagesOrByAConstantStaysAsItIs) {
  for (const std::string by : {"stem", "twos"}) {
    Block block({});
    const auto product = std::ranges::find(block.graph.nodes, "mul", &Node::name);
    product->inputs = {"depthwise", by};
    block.graph.initializers["twos"] =
        Tensor::from_values<float>({1, 24, 1, 1}, std::vector<float>(24, 2)).value();
    EXPECT_THAT(steps_of(block.graph), Contains("mul"));
  }
}

/// What "mean" reads.
Shape averaged_shape(const Graph& graph, const PlanOptions& options = {}) {
  const Plan plan = make_plan(graph, options).value();
  const auto mean = std::ranges::find(plan.steps, "mean", &Step::name);
  return plan.slots[mean->in[0]].shape;
}

TEST(Squeezes, AMeanIsThatOfTheRowsMeansThatADepthwiseConvolutionLeaves) {
  if (!has_blocks()) GTEST_SKIP() << "no kernels for blocks of channels on this CPU";
  const Graph graph = Block({}).graph;
  EXPECT_EQ(averaged_shape(graph), (Shape{1, 2, 14, 1, 16}));
  EXPECT_EQ(averaged_shape(graph, {.chains = {.in_caches = 0}}), (Shape{1, 2, 14, 1, 16}));
}

TEST(Squeezes, AMeanOfAnythingElseReadsTheImage) {
  Graph dense = Block({}).graph;
  std::ranges::find(dense.nodes, "mean", &Node::name)->inputs = {"stem"};
  EXPECT_EQ(averaged_shape(dense)[3], 14);
  EXPECT_EQ(averaged_shape(Block({}).graph, {.precision = Precision::kBf16})[4], 14);
}

TEST(Squeezes, MeansDoNotDependOnTheNumberOfThreads) {
  const Graph graph = Block({.input{2, 3, 40, 33}}).graph;
  for (const ChainLimits& chains : {ChainLimits(), ChainLimits{.in_caches = 0, .held = 20000}}) {
    const auto one = outputs_of(graph, {.threads = 1, .chains = chains});
    for (const int threads : {2, 3, 5})
      EXPECT_EQ(*outputs_of(graph, {.threads = threads, .chains = chains}), *one);
  }
}

TEST(Squeezes, BlocksByChanceGiveWhatTheReferenceKernelsGive) {
  Rng rng(12);
  const auto upto = [&](uint64_t bound) { return 1 + static_cast<int64_t>(rng.below(bound)); };
  for (uint64_t seed = 0; seed < 60; ++seed) {
    const Case of{.input{upto(3), upto(20), 4 + upto(20), 4 + upto(20)},
                  .channels = upto(70),
                  .results = upto(70),
                  .is_image_second = seed % 2 == 0};
    Block block(of, seed);
    block.conv("next", "project", {20, of.results, 3, 3}, {{"pads", std::vector<int64_t>(4, 1)}});
    block.give("next");
    const auto want = reference_of(block.graph);
    ASSERT_TRUE(want.ok()) << want.status().message();
    for (const ChainLimits& chains : {ChainLimits(), ChainLimits{.in_caches = 0, .held = 20000}}) {
      const auto got = outputs_of(block.graph, {.threads = 1 + static_cast<int>(seed % 3), .chains = chains});
      ASSERT_TRUE(got.ok()) << got.status().message();
      for (size_t i = 0; i < want->size(); ++i)
        ASSERT_NEAR((*got)[i], (*want)[i], 2e-5) << "of block " << seed << " at " << i;
    }
  }
}

TEST(Squeezes, AreProfiledByTheNodesThatWereJoined) {
  if (!has_blocks()) GTEST_SKIP() << "no kernels for blocks of channels on this CPU";
  const Graph graph = Block({}).graph;
  Plan plan = make_plan(graph, {}).value();
  const Tensor image = Tensor::zeros(DType::kF32, *graph.inputs[0].type.shape).value();
  ThreadPool pool(1);
  const std::array in = {image.view()};
  const auto times = profile_plan(plan, in, pool, 1).value();
  const auto fused =
      std::find_if(times.begin(), times.end(), [](const OpTime& time) { return time.name == "mul+project"; });
  ASSERT_NE(fused, times.end());
  EXPECT_EQ(fused->op, "FusedConv");
  EXPECT_GT(fused->mean_us, 0);
}

}  // namespace
}  // namespace ridgeline::native
