#include "graph/passes/passes.h"

#include <algorithm>
#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "base/rng.h"
#include "graph/passes/to_fp16.h"
#include "graph/zoo/zoo.h"
#include "small_graphs.h"
#include "tensor/half.h"

namespace ridgeline::passes {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Ints = std::vector<int64_t>;

class ZooModel : public ::testing::TestWithParam<std::string> {};

TEST_P(ZooModel, KeepsItsOutputsAndLosesItsNormalisationsWhenOptimised) {
  Graph graph = zoo::make(GetParam(), {.image_size = 64, .zero_weights = true}).value();
  const InputShapes shapes = {{"input", {2, 3, 64, 64}}};
  const TypeMap before = infer_types(graph, shapes).value();
  std::set<std::string> convolved;
  size_t lone_norms = 0;  // which become convolutions themselves
  for (const Node& each : graph.nodes) {
    if (each.op == "Conv") convolved.insert(each.outputs[0]);
    if (each.op == "BatchNormalization" && !convolved.contains(each.inputs[0])) ++lone_norms;
  }
  const size_t convs = convolved.size();
  ASSERT_TRUE(optimize(graph, {.input_shapes = shapes}).ok());
  const TypeMap after = infer_types(graph).value();
  for (const ValueInfo& output : graph.outputs)
    EXPECT_EQ(after.at(output.name).shape, before.at(output.name).shape);
  Graph sorted = graph;
  ASSERT_TRUE(sort_topologically(sorted).ok());
  EXPECT_EQ(ops_of(sorted), ops_of(graph)) << "the passes must leave the order topological";
  convolved.clear();
  for (const Node& each : graph.nodes) {
    if (each.op.ends_with("Conv")) convolved.insert(each.outputs[0]);
    const bool fuses = each.op == "BatchNormalization" || each.op == "Relu" || each.op == "Clip";
    EXPECT_FALSE(fuses && convolved.contains(each.inputs[0])) << each.describe();
  }
  EXPECT_EQ(convolved.size(), convs + lone_norms);
}

INSTANTIATE_TEST_SUITE_P(All, ZooModel, ::testing::ValuesIn(zoo::names()));

TEST(FuseConvs, NamesWhatWasFusedAndLeavesTheResidualToTheEngine) {
  Graph graph = zoo::make("resnet18", {.image_size = 64}).value();
  ASSERT_TRUE(optimize(graph, {.input_shapes = {{"input", {1, 3, 64, 64}}}}).ok());
  const auto found = std::find_if(graph.nodes.begin(), graph.nodes.end(), [](const Node& each) {
    return each.name == "layer1.0.conv2+layer1.0.bn2+layer1.0.add+layer1.0.relu_out";
  });
  ASSERT_NE(found, graph.nodes.end());
  EXPECT_EQ(found->domain, "ridgeline");
  EXPECT_EQ(found->inputs.size(), 4U);
  EXPECT_EQ(found->inputs[3], "maxpool.out");
  EXPECT_EQ(found->string_or("activation", ""), "Relu");
}

TEST(FuseConvs, KeepsAnAdditionThatMayBroadcast) {
  Graph graph = graph_of({node("Conv", "c", {"x", "w"}, "y"), node("Add", "a", {"y", "r"}, "z"),
                          node("Relu", "act", {"z"}, "out")},
                         {Shape::kUnknownDim, 1, 4, 4}, "out");
  graph.inputs.push_back({"r", {DType::kF32, Shape{Shape::kUnknownDim, 1, 4, 4}}, {}});
  graph.initializers["w"] = floats({1, 1, 1, 1}, {2});
  ASSERT_TRUE(optimize(graph, {}).ok());
  EXPECT_THAT(ops_of(graph), ElementsAre("Conv", "Add", "Relu"));
  ASSERT_TRUE(optimize(graph, {.input_shapes = {{"x", {3, 1, 4, 4}}, {"r", {3, 1, 4, 4}}}}).ok());
  EXPECT_THAT(ops_of(graph), ElementsAre("FusedConv"));
}

TEST(FuseConvs, TakesClipWithConstantBoundsOnly) {
  Graph graph =
      graph_of({node("Conv", "c", {"x", "w"}, "y"), node("Clip", "relu6", {"y", "low", "high"}, "out")},
               {1, 1, 4, 4}, "out");
  graph.initializers["w"] = floats({1, 1, 1, 1}, {2});
  graph.initializers["low"] = floats({}, {0});
  graph.initializers["high"] = floats({}, {6});
  Graph computed = graph;
  computed.initializers.erase("high");
  computed.inputs.push_back({"high", {DType::kF32, Shape{}}, {}});
  ASSERT_TRUE(optimize(graph, {}).ok());
  ASSERT_TRUE(optimize(computed, {}).ok());
  ASSERT_THAT(ops_of(graph), ElementsAre("FusedConv"));
  EXPECT_EQ(graph.nodes[0].float_or("max", 0), 6.0F);
  EXPECT_EQ(graph.nodes[0].name, "c+relu6");
  EXPECT_THAT(ops_of(computed), ElementsAre("Conv", "Clip"));
}

TEST(FuseConvs, TakesHardSwishAndTheTwoNodesOfSilu) {
  Graph hard = graph_of({node("Conv", "c", {"x", "w"}, "y"), node("HardSwish", "act", {"y"}, "out")},
                        {1, 1, 4, 4}, "out");
  hard.initializers["w"] = floats({1, 1, 1, 1}, {2});
  Graph silu = hard;
  silu.nodes = {hard.nodes[0], node("Sigmoid", "s", {"y"}, "z"), node("Mul", "m", {"z", "y"}, "out")};
  Graph read_twice = silu;
  read_twice.outputs.push_back({"z", {DType::kF32, std::nullopt}, {}});
  for (Graph* graph : {&hard, &silu, &read_twice}) ASSERT_TRUE(optimize(*graph, {}).ok());
  ASSERT_THAT(ops_of(hard), ElementsAre("FusedConv"));
  EXPECT_EQ(hard.nodes[0].string_or("activation", ""), "HardSwish");
  ASSERT_THAT(ops_of(silu), ElementsAre("FusedConv"));
  EXPECT_EQ(silu.nodes[0].string_or("activation", ""), "Silu");
  EXPECT_EQ(silu.nodes[0].name, "c+s+m");
  EXPECT_THAT(ops_of(read_twice), ElementsAre("Conv", "Sigmoid", "Mul"));
}

TEST(FuseConvs, LeavesAValueAloneThatTheGraphReturnsOrTwoNodesRead) {
  Graph graph =
      graph_of({node("Conv", "c", {"x", "w"}, "y"), node("Relu", "act", {"y"}, "out")}, {1, 1, 4, 4}, "out");
  graph.initializers["w"] = floats({1, 1, 1, 1}, {2});
  Graph doubled = graph;
  graph.outputs.push_back({"y", {DType::kF32, std::nullopt}, {}});
  doubled.nodes = {graph.nodes[0], node("Add", "twice", {"y", "y"}, "out")};
  ASSERT_TRUE(optimize(graph, {}).ok());
  ASSERT_TRUE(optimize(doubled, {}).ok());
  EXPECT_THAT(ops_of(graph), ElementsAre("Conv", "Relu"));
  EXPECT_THAT(ops_of(doubled), ElementsAre("Conv", "Add"));
}

struct FoldCase {
  std::string op;
  Shape input, weights;
  std::map<std::string, Attribute> attributes;
  std::vector<size_t> channel_of;  ///< each weight's output channel, by hand
  bool has_bias;
};
class FoldBatchNorm : public ::testing::TestWithParam<FoldCase> {};

TEST_P(FoldBatchNorm, ScalesEachWeightByItsOutputChannel) {
  const FoldCase& test = GetParam();
  Graph graph = graph_of({node(test.op, "p", {"x", "w"}, "y"),
                          node("BatchNormalization", "bn", {"y", "g", "b", "m", "v"}, "out")},
                         test.input, "out");
  graph.nodes[0].attributes = test.attributes;
  graph.nodes[1].attributes["epsilon"] = 0.5F;
  std::vector<float> weights(test.channel_of.size());
  Rng rng(3);
  for (float& weight : weights) weight = static_cast<float>(rng.normal());
  const size_t channels = 1 + *std::max_element(test.channel_of.begin(), test.channel_of.end());
  const auto count = static_cast<int64_t>(channels);
  std::vector<float> gamma, beta, mean, variance, bias;
  for (size_t c = 0; c < channels; ++c) {
    const auto value = static_cast<float>(c);
    gamma.push_back(1 + value);
    beta.push_back(0.25F * value);
    mean.push_back(0.5F - value);
    variance.push_back(0.5F + value);
    bias.push_back(2 - value);
  }
  graph.initializers = {{"w", floats(test.weights, weights)},
                        {"g", floats({count}, gamma)},
                        {"b", floats({count}, beta)},
                        {"m", floats({count}, mean)},
                        {"v", floats({count}, variance)}};
  if (test.has_bias) {
    graph.nodes[0].inputs.push_back("bias");
    graph.initializers["bias"] = floats({count}, bias);
  }
  ASSERT_TRUE(optimize(graph, {}).ok());
  ASSERT_THAT(ops_of(graph), ElementsAre(test.op));
  const Node& folded = graph.nodes[0];
  EXPECT_EQ(folded.name, "p+bn");
  EXPECT_EQ(graph.initializers.size(), 2U);
  const Tensor &new_weights = graph.initializers.at(folded.inputs[1]),
               &new_bias = graph.initializers.at(folded.inputs[2]);
  const double beta_factor = test.attributes.contains("beta") ? 3 : 1;
  for (size_t i = 0; i < weights.size(); ++i) {
    const size_t c = test.channel_of[i];
    EXPECT_FLOAT_EQ(new_weights.as<float>()[i], weights[i] * gamma[c] / std::sqrt(variance[c] + 0.5F)) << i;
  }
  for (size_t c = 0; c < channels; ++c) {
    const double before = test.has_bias ? beta_factor * bias[c] : 0;
    EXPECT_NEAR(new_bias.as<float>()[c],
                (before - mean[c]) * gamma[c] / std::sqrt(variance[c] + 0.5F) + beta[c], 1e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Producers, FoldBatchNorm,
    ::testing::Values(
        FoldCase{"Conv", {1, 1, 4, 4}, {2, 1, 1, 2}, {}, {0, 0, 1, 1}, false},
        FoldCase{"Conv", {1, 2, 4, 4}, {2, 1, 1, 2}, {{"group", int64_t{2}}}, {0, 0, 1, 1}, true},
        FoldCase{"ConvTranspose", {1, 2, 4, 4}, {2, 2, 1, 2}, {}, {0, 0, 1, 1, 0, 0, 1, 1}, true},
        FoldCase{"ConvTranspose", {1, 2, 4, 4}, {2, 2, 1, 1}, {{"group", int64_t{2}}}, {0, 1, 2, 3}, true},
        FoldCase{"Gemm", {5, 2}, {2, 3}, {}, {0, 1, 2, 0, 1, 2}, true},
        FoldCase{
            "Gemm", {5, 2}, {3, 2}, {{"transB", int64_t{1}}, {"beta", 3.0F}}, {0, 0, 1, 1, 2, 2}, true}));

/// Of two channels, 1.5 · x − 2 and x + 2, and what follows it.
Graph norm_of(Shape shape, std::vector<Node> behind = {}) {
  behind.insert(behind.begin(), node("BatchNormalization", "bn", {"x", "g", "b", "m", "v"}, "y"));
  const std::string last = behind.back().outputs[0];
  Graph graph = graph_of(std::move(behind), std::move(shape), last);
  graph.nodes[0].attributes["epsilon"] = 0.0F;
  graph.initializers = {{"g", floats({2}, {3, 1})},
                        {"b", floats({2}, {1, 2})},
                        {"m", floats({2}, {2, 0})},
                        {"v", floats({2}, {4, 1})}};
  return graph;
}

TEST(SpreadBatchNorms, OneThatNothingTookBecomesANumberForEachChannel) {
  Graph graph = norm_of({1, 2, 4, 4}, {node("Relu", "act", {"y"}, "out")});
  ASSERT_TRUE(optimize(graph, {}).ok());
  ASSERT_THAT(ops_of(graph), ElementsAre("FusedConv"));
  const Node& conv = graph.nodes[0];
  EXPECT_EQ(conv.name, "bn+act");
  EXPECT_EQ(conv.int_or("group", 1), 2);
  EXPECT_THAT(graph.initializers.at(conv.inputs[1]).as<float>(), ElementsAre(1.5F, 1));
  EXPECT_THAT(graph.initializers.at(conv.inputs[2]).as<float>(), ElementsAre(-2, 2));
}

TEST(SpreadBatchNorms, OneOfRowsBecomesAProductAndASum) {
  for (const Shape& rows : {Shape{5, 2}, Shape{5, 2, 7}}) {
    Graph graph = norm_of(rows);
    ASSERT_TRUE(optimize(graph, {}).ok());
    ASSERT_THAT(ops_of(graph), ElementsAre("Mul", "Add"));
    EXPECT_THAT(graph.initializers.at(graph.nodes[0].inputs[1]).as<float>(), ElementsAre(1.5F, 1));
    EXPECT_THAT(graph.initializers.at(graph.nodes[1].inputs[1]).as<float>(), ElementsAre(-2, 2));
    EXPECT_EQ(*infer_types(graph)->at("y").shape, rows);
  }
}

TEST(SpreadBatchNorms, LeavesVolumes) {
  Graph graph = norm_of({5, 2, 3, 3, 3});
  ASSERT_TRUE(optimize(graph, {}).ok());
  EXPECT_THAT(ops_of(graph), ElementsAre("BatchNormalization"));
}

/// A convolution of 5 channels, what `nodes` make of its output "x1", and `constants` of theirs.
Graph behind_conv(std::vector<Node> nodes, const std::map<std::string, Tensor>& constants) {
  const std::string last = nodes.back().outputs[0];
  nodes.insert(nodes.begin(), node("Conv", "conv", {"x", "w"}, "x1"));
  Graph graph = graph_of(std::move(nodes), {1, 1, 4, 4}, last);
  graph.initializers = {constants.begin(), constants.end()};
  graph.initializers["w"] = floats({5, 1, 1, 1}, {1, 1, 1, 1, 1});
  return graph;
}

TEST(NameAffines, NumbersOfChannelsGoIntoTheConvolutionBeforeThem) {
  Graph graph = behind_conv({node("Mul", "m", {"two", "x1"}, "x2"), node("Sub", "s", {"x2", "c"}, "x3"),
                             node("Div", "d", {"x3", "two"}, "x4"), node("Sub", "t", {"c", "x4"}, "x5")},
                            {{"two", floats({}, {2})}, {"c", floats({5, 1, 1}, {1, 2, 3, 4, 5})}});
  ASSERT_TRUE(optimize(graph, {}).ok());
  ASSERT_THAT(ops_of(graph), ElementsAre("Conv"));
  const Node& conv = graph.nodes[0];
  EXPECT_THAT(graph.initializers.at(conv.inputs[1]).as<float>(), ElementsAre(-1, -1, -1, -1, -1));
  EXPECT_THAT(graph.initializers.at(conv.inputs[2]).as<float>(), ElementsAre(1.5F, 3, 4.5F, 6, 7.5F));
  EXPECT_THAT(graph.outputs[0].name, "x5");
}

TEST(NameAffines, BehindAnActivationTheyAreOneStepOfTheirOwn) {
  Graph graph = behind_conv({node("Relu", "r", {"x1"}, "x2"), node("Mul", "m", {"x2", "k"}, "x3"),
                             node("Add", "a", {"x3", "k"}, "x4"), node("Relu", "q", {"x4"}, "x5")},
                            {{"k", floats({1, 1, 1, 1}, {3})}});
  ASSERT_TRUE(optimize(graph, {}).ok());
  ASSERT_THAT(ops_of(graph), ElementsAre("FusedConv", "FusedConv"));
  EXPECT_EQ(graph.nodes[1].int_or("group", 1), 5);
  EXPECT_EQ(graph.nodes[1].name, "m+a+q");
}

TEST(NameAffines, LeavesNumbersOfRowsAndColumnsQuotientsOfImagesAndWhatIsNoImage) {
  const std::map<std::string, Tensor> constants = {{"rows", floats({4, 1}, {1, 2, 3, 4})},
                                                   {"zero", floats({}, {0})},
                                                   {"k", floats({}, {3})},
                                                   {"shape", integers({1, 4, 5, 4})}};
  for (const Node& last : {node("Mul", "n", {"x1", "rows"}, "y"), node("Div", "n", {"k", "x1"}, "y"),
                           node("Div", "n", {"x1", "zero"}, "y"), node("Pow", "n", {"x1", "k"}, "y")}) {
    Graph graph = behind_conv({last}, constants);
    ASSERT_TRUE(name_affines(graph, {}).ok());
    EXPECT_EQ(graph.nodes[1].op, last.op);
  }
  Graph scores = behind_conv(
      {node("Reshape", "s", {"x1", "shape"}, "x2"), node("Mul", "n", {"x2", "k"}, "y")}, constants);
  ASSERT_TRUE(name_affines(scores, {}).ok());
  EXPECT_EQ(scores.nodes[2].op, "Mul");
}

Graph mean_of(Shape image, std::vector<int64_t> axes, int64_t keeps_axes) {
  Graph graph = graph_of({node("ReduceMean", "mean", {"x"}, "y")}, std::move(image), "y");
  graph.nodes[0].attributes["axes"] = std::move(axes);
  graph.nodes[0].attributes["keepdims"] = keeps_axes;
  return graph;
}

TEST(NameGlobalPools, AMeanOverRowsAndColumnsIsAPoolOfTheSameShape) {
  for (const Ints& axes : {Ints{2, 3}, Ints{3, 2}, Ints{-2, -1}, Ints{-1, 2}})
    for (const bool keeps_axes : {true, false}) {
      Graph graph = mean_of({2, 5, 4, 3}, axes, keeps_axes ? 1 : 0);
      const Shape before = *infer_types(graph)->at("y").shape;
      ASSERT_TRUE(name_global_pools(graph, {}).ok());
      EXPECT_EQ(ops_of(graph)[0], "GlobalAveragePool");
      EXPECT_EQ(graph.nodes.size(), keeps_axes ? 1U : 2U);
      EXPECT_EQ(*infer_types(graph)->at("y").shape, before);
    }
}

TEST(NameGlobalPools, LeavesOtherMeans) {
  for (const Ints& axes : {Ints{1, 2}, Ints{3}, Ints{1, 2, 3}, Ints{2, -2}}) {
    Graph graph = mean_of({2, 5, 4, 3}, axes, 1);
    ASSERT_TRUE(name_global_pools(graph, {}).ok());
    EXPECT_THAT(ops_of(graph), ElementsAre("ReduceMean"));
  }
  Graph volume = mean_of({2, 5, 4, 3, 3}, {2, 3}, 1);
  ASSERT_TRUE(name_global_pools(volume, {}).ok());
  EXPECT_THAT(ops_of(volume), ElementsAre("ReduceMean"));
}

Graph padded_conv(const std::vector<int64_t>& pads, float fill) {
  Graph graph =
      graph_of({node("Pad", "p", {"x", "pads", "fill"}, "padded"), node("Conv", "c", {"padded", "w"}, "y")},
               {1, 1, 6, 7}, "y");
  graph.initializers = {
      {"pads", integers(pads)}, {"fill", floats({}, {fill})}, {"w", floats({1, 1, 2, 2}, {1, 1, 1, 1})}};
  graph.nodes[1].attributes["pads"] = Ints{1, 0, 0, 1};
  return graph;
}

TEST(FoldPads, ZerosAroundImagesAreTheConvolutionsOwn) {
  Graph graph = padded_conv({0, 0, 1, 2, 0, 0, 3, 4}, 0);
  const Shape before = *infer_types(graph)->at("y").shape;
  ASSERT_TRUE(fold_pads(graph, {}).ok());
  ASSERT_TRUE(remove_dead_code(graph, {}).ok());
  ASSERT_THAT(ops_of(graph), ElementsAre("Conv"));
  EXPECT_EQ(graph.nodes[0].name, "p+c");
  EXPECT_THAT(graph.nodes[0].ints_or("pads", {}), ElementsAre(2, 2, 3, 5));
  EXPECT_EQ(*infer_types(graph)->at("y").shape, before);
}

TEST(FoldPads, LeavesOtherNumbersOtherAxesAndWhatIsCutOff) {
  for (const auto& [pads, fill] : std::vector<std::pair<Ints, float>>{
           {{0, 0, 1, 1, 0, 0, 1, 1}, 1}, {{0, 0, 1, -1, 0, 0, 1, 1}, 0}, {{0, 0, 1, 1, 1, 0, 1, 1}, 0}}) {
    Graph graph = padded_conv(pads, fill);
    ASSERT_TRUE(fold_pads(graph, {}).ok());
    EXPECT_EQ(graph.nodes[1].inputs[0], "padded");
  }
  Graph reflected = padded_conv({0, 0, 1, 1, 0, 0, 1, 1}, 0);
  reflected.nodes[0].attributes["mode"] = std::string("reflect");
  ASSERT_TRUE(fold_pads(reflected, {}).ok());
  EXPECT_EQ(reflected.nodes[1].inputs[0], "padded");
}

Graph einsum_of(const std::string& equation, Shape left, Shape right) {
  Graph graph = graph_of({node("Einsum", "e", {"x", "r"}, "y")}, std::move(left), "y");
  graph.inputs.push_back({"r", {DType::kF32, std::move(right)}, {}});
  graph.nodes[0].attributes["equation"] = equation;
  return graph;
}

TEST(MultiplyEinsums, AProductOfMatricesIsAMatMulOfTheSameShape) {
  const std::vector<std::tuple<std::string, Shape, Shape, std::vector<std::string>>> cases = {
      {"bij,bjk->bik", {2, 3, 4}, {2, 4, 5}, {"MatMul"}},
      {"bhid, bhjd -> bhij", {2, 3, 4, 5}, {2, 3, 6, 5}, {"Transpose", "MatMul"}},
      {"bchw,bkc->bkhw",
       {2, 3, 4, 5},
       {2, 6, 3},
       {"Transpose", "Reshape", "Transpose", "MatMul", "Reshape", "Transpose"}},
      {"ij,jk", {3, 4}, {4, 5}, {"MatMul"}},
      {"...ij,...jk->...ik", {2, 7, 3, 4}, {2, 7, 4, 5}, {"MatMul"}},
      {"...c,dc->...d", {2, 7, 3}, {4, 3}, {"Reshape", "Transpose", "MatMul", "Reshape"}},
      {"i,j->ij", {3}, {4}, {"Reshape", "Reshape", "MatMul"}},
      {"ij,ij->", {3, 4}, {3, 4}, {"Reshape", "Reshape", "MatMul", "Reshape"}}};
  for (const auto& [equation, left, right, ops] : cases) {
    Graph graph = einsum_of(equation, left, right);
    const Shape before = *infer_types(graph)->at("y").shape;
    ASSERT_TRUE(multiply_einsums(graph, {}).ok());
    EXPECT_EQ(ops_of(graph), ops) << equation;
    EXPECT_EQ(*infer_types(graph)->at("y").shape, before) << equation;
  }
}

TEST(MultiplyEinsums, LeavesWhatIsNoProductOfTwoMatrices) {
  for (const std::string equation : {"ii,ij->j", "ij,jk->k", "...i,ij->..."}) {
    Graph graph = einsum_of(equation, {4, 4}, {4, 4});
    ASSERT_TRUE(multiply_einsums(graph, {}).ok());
    EXPECT_THAT(ops_of(graph), ElementsAre("Einsum")) << equation;
  }
  Graph broadcast = einsum_of("bij,bjk->bik", {1, 4, 4}, {2, 4, 4});
  ASSERT_TRUE(multiply_einsums(broadcast, {}).ok());
  EXPECT_THAT(ops_of(broadcast), ElementsAre("Einsum"));
}

/// A 3 × 3 convolution of one channel, whose taps are numbered from 1, with padding as dilation.
Graph conv_of(Shape image, int64_t dilation, int64_t stride) {
  Graph graph = graph_of({node("Conv", "conv", {"x", "w"}, "y")}, std::move(image), "y");
  graph.initializers["w"] = floats({1, 1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  graph.nodes[0].attributes = {{"dilations", Ints{dilation, dilation}},
                               {"strides", Ints{stride, stride}},
                               {"pads", Ints{dilation, dilation, dilation, dilation}}};
  return graph;
}

TEST(TrimKernels, CutsOffTapsThatMeetNothingButPadding) {
  Graph graph = conv_of({1, 1, 14, 24}, 24, 1);
  ASSERT_TRUE(trim_kernels(graph, {}).ok());
  const Node& conv = graph.nodes[0];
  EXPECT_THAT(graph.initializers.at(conv.inputs[1]).as<float>(), ElementsAre(5));
  EXPECT_THAT(conv.ints_or("pads", {}), ElementsAre(0, 0, 0, 0));
  EXPECT_EQ(*infer_types(graph)->at("y").shape, (Shape{1, 1, 14, 24}));
}

TEST(TrimKernels, KeepsWhatIsMetAlongOneAxisOrFromOneSide) {
  Graph along = conv_of({1, 1, 12, 13}, 12, 1);
  ASSERT_TRUE(trim_kernels(along, {}).ok());
  EXPECT_THAT(along.initializers.at(along.nodes[0].inputs[1]).as<float>(), ElementsAre(4, 5, 6));
  EXPECT_THAT(along.nodes[0].ints_or("pads", {}), ElementsAre(0, 12, 0, 12));
  EXPECT_THAT(along.nodes[0].ints_or("dilations", {}), ElementsAre(1, 12));
  Graph side = conv_of({1, 1, 2, 2}, 1, 2);
  ASSERT_TRUE(trim_kernels(side, {}).ok());
  EXPECT_THAT(side.initializers.at(side.nodes[0].inputs[1]).as<float>(), ElementsAre(5, 6, 8, 9));
  EXPECT_THAT(side.nodes[0].ints_or("pads", {}), ElementsAre(0, 0, 1, 1));
  EXPECT_EQ(*infer_types(side)->at("y").shape, (Shape{1, 1, 1, 1}));
}

TEST(TrimKernels, LeavesAConvolutionWhoseTapsAllMeetTheImage) {
  for (const Shape& image : {Shape{1, 1, 14, 14}, Shape{1, 1, 13, Shape::kUnknownDim}}) {
    Graph graph = conv_of(image, 12, 1);
    ASSERT_TRUE(trim_kernels(graph, {}).ok());
    EXPECT_EQ(graph.nodes[0].inputs[1], "w");
  }
}

TEST(RemoveIdentities, KeepsTheNamesOfTheGraphsInputsAndOutputs) {
  Graph graph = graph_of({node("Identity", "first", {"x"}, "a"), node("Dropout", "drop", {"a"}, "b"),
                          node("Relu", "relu", {"b"}, "c"), node("Identity", "last", {"c"}, "out")},
                         {4}, "out");
  ASSERT_TRUE(optimize(graph, {}).ok());
  ASSERT_THAT(ops_of(graph), ElementsAre("Relu"));
  EXPECT_EQ(graph.nodes[0].inputs[0], "x");
  EXPECT_EQ(graph.nodes[0].outputs[0], "out");
  Graph straight = graph_of({node("Identity", "only", {"x"}, "out")}, {4}, "out");
  ASSERT_TRUE(optimize(straight, {}).ok());
  EXPECT_THAT(ops_of(straight), ElementsAre("Identity"));
}

TEST(RemoveDeadCode, KeepsWhatOnlyASubgraphReads) {
  auto body = std::make_shared<Graph>();
  body->nodes = {node("Neg", "inner", {"used"}, "inner_out")};
  body->outputs = {{"inner_out", {DType::kF32, std::nullopt}, {}}};
  Node branch = node("If", "if", {"flag"}, "out");
  branch.attributes = {{"then_branch", std::shared_ptr<const Graph>(body)},
                       {"else_branch", std::shared_ptr<const Graph>(body)}};
  Graph graph =
      graph_of({node("Relu", "u", {"x"}, "used"), node("Relu", "d", {"x"}, "dead"), branch}, {4}, "out");
  graph.inputs.push_back({"flag", {DType::kBool, Shape{}}, {}});
  graph.initializers["lonely"] = floats({1}, {1});
  ASSERT_TRUE(optimize(graph, {}).ok());
  EXPECT_THAT(ops_of(graph), ElementsAre("Relu", "If"));
  EXPECT_TRUE(graph.initializers.empty());
}

TEST(FoldConstants, ResolvesShapeArithmeticWithoutAnEvaluator) {
  Graph graph = graph_of(
      {node("Shape", "shape", {"x"}, "s"), node("Gather", "pick", {"s", "zero"}, "n"),
       node("Concat", "join", {"n", "minus"}, "target"), node("Reshape", "r", {"x", "target"}, "out")},
      {Shape::kUnknownDim, 3, 2}, "out");
  graph.nodes[2].attributes["axis"] = int64_t{0};
  graph.initializers = {{"zero", integers({0})}, {"minus", integers({-1})}};
  Graph dynamic = graph;
  ASSERT_TRUE(optimize(graph, {.input_shapes = {{"x", {5, 3, 2}}}}).ok());
  ASSERT_THAT(ops_of(graph), ElementsAre("Reshape"));
  EXPECT_THAT(graph.initializers.at("target").as<int64_t>(), ElementsAre(5, -1));
  EXPECT_EQ(graph.inputs[0].type.shape, (Shape{5, 3, 2}));
  ASSERT_TRUE(optimize(dynamic, {}).ok());
  EXPECT_EQ(dynamic.nodes.size(), 4U);
}

/// Negates; knows no other op.
Result<std::vector<Tensor>> negate(const Node& each, std::span<const Tensor> inputs) {
  if (each.op != "Neg") return unsupported("only Neg");
  Tensor out = Tensor::zeros(DType::kF32, inputs[0].shape()).value();
  for (size_t i = 0; i < out.as<float>().size(); ++i) out.as<float>()[i] = -inputs[0].as<float>()[i];
  return std::vector<Tensor>{out};
}

TEST(FoldConstants, EvaluatesWhatIsConstantUpToTheSizeLimit) {
  Graph graph = graph_of(
      {node("Neg", "n", {"k"}, "a"), node("Exp", "e", {"a"}, "b"), node("Add", "add", {"x", "b"}, "out")},
      {2}, "out");
  graph.initializers["k"] = floats({2}, {1, -3});
  Graph limited = graph;
  ASSERT_TRUE(optimize(graph, {.evaluate = negate}).ok());
  EXPECT_THAT(ops_of(graph), ElementsAre("Exp", "Add"));
  EXPECT_THAT(graph.initializers.at("a").as<float>(), ElementsAre(-1, 3));
  ASSERT_TRUE(optimize(limited, {.evaluate = negate, .max_constant_bytes = 4}).ok());
  EXPECT_EQ(limited.nodes.size(), 3U);
}

TEST(ToFp16, KeepsTheModelsFaceAndComputesInFp16Inside) {
  for (const std::string model : {"resnet18", "lenet"}) {
    Graph graph = zoo::make(model, {.image_size = 64}).value();
    const Graph before = graph;
    ASSERT_TRUE(to_fp16(graph).ok());
    const TypeMap types = infer_types(graph).value();
    for (const ValueInfo& value : before.inputs) EXPECT_EQ(types.at(value.name).dtype, DType::kF32);
    for (const ValueInfo& value : before.outputs) EXPECT_EQ(types.at(value.name).dtype, DType::kF32);
    for (const auto& [name, weights] : graph.initializers) EXPECT_NE(weights.dtype(), DType::kF32) << name;
    EXPECT_EQ(graph.nodes.size(), before.nodes.size() + before.inputs.size() + before.outputs.size());
    EXPECT_EQ(graph.parameter_count(), before.parameter_count());
  }
}

TEST(ToFp16, CastsAroundWhatStaysFp32AndClampsWeights) {
  Graph graph = graph_of(
      {node("Mul", "scale", {"x", "k"}, "scaled"), node("Resize", "grow", {"scaled", "", "twice"}, "grown"),
       node("Relu", "end", {"grown"}, "out"), node("Neg", "turn", {"scaled"}, "other")},
      {1, 1, 2, 2}, "out");
  graph.outputs.push_back({"other", {DType::kF32, std::nullopt}, {}});
  graph.initializers = {{"k", floats({2}, {1e9F, -0.1F})}, {"twice", floats({4}, {1, 1, 2, 2})}};
  ASSERT_TRUE(to_fp16(graph).ok());
  EXPECT_THAT(ops_of(graph),
              ElementsAre("Cast", "Mul", "Cast", "Resize", "Cast", "Relu", "Neg", "Cast", "Cast"));
  const auto weights = graph.initializers.at("k/fp16").as<uint16_t>();
  EXPECT_EQ(f16_to_f32(weights[0]), 65504.0F);
  EXPECT_NEAR(f16_to_f32(weights[1]), -0.1F, 1e-4);
  EXPECT_EQ(graph.initializers.at("twice").dtype(), DType::kF32);
  EXPECT_TRUE(infer_types(graph).ok());
}

TEST(ToFp16, RefusesSubgraphsByTheirNode) {
  Node branch = node("If", "choice", {"flag"}, "out");
  branch.attributes = {{"then_branch", std::make_shared<const Graph>()}};
  Graph graph = graph_of({branch}, {2}, "out");
  graph.inputs.push_back({"flag", {DType::kBool, Shape{}}, {}});
  const Status status = to_fp16(graph);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(graph.nodes.size(), 1U);
}

TEST(Optimize, LeavesTheGraphAsItWasOnAnError) {
  Graph graph = graph_of({node("Identity", "i", {"x"}, "a"), node("Relu", "r", {"a"}, "out")}, {2}, "out");
  const Status status = optimize(graph, {.input_shapes = {{"nowhere", {2}}}});
  EXPECT_THAT(status.message(), HasSubstr("nowhere"));
  EXPECT_EQ(graph.nodes.size(), 2U);
}

}  // namespace
}  // namespace ridgeline::passes
