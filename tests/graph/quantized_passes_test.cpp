#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/passes/passes.h"
#include "small_graphs.h"

namespace ridgeline::passes {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

const PassOptions kInIntegers{.computes_in_integers = true};

template <typename T>
Tensor tensor(Shape shape, const std::vector<T>& values) {
  return Tensor::from_values<T>(std::move(shape), std::span<const T>(values)).value();
}

Node node(std::string op, std::vector<std::string> inputs, std::string output,
          std::map<std::string, Attribute> attributes = {}) {
  return {.name = output + "." + op,
          .op = std::move(op),
          .inputs = std::move(inputs),
          .outputs = {std::move(output)},
          .attributes = std::move(attributes)};
}

/// x, of 1 × 2 × 3 × 3, through u8 with step 1/4 and zero point 3; values are quantised to that or to "wide":
/// step 1/2, zero point 0.
Graph graph_of(std::vector<Node> nodes) {
  Graph graph;
  graph.inputs = {{"x", {DType::kF32, Shape{1, 2, 3, 3}}, {}}};
  graph.outputs = {{"y", {DType::kF32, std::nullopt}, {}}};
  graph.initializers = {{"s", tensor<float>({}, {0.25F})},
                        {"z", tensor<uint8_t>({}, {3})},
                        {"wide_s", tensor<float>({}, {0.5F})},
                        {"wide_z", tensor<uint8_t>({}, {0})},
                        {"w", tensor<int8_t>({2, 2, 1, 1}, {1, -2, 3, -128})},
                        {"w_s", tensor<float>({2}, {0.5F, 2})},
                        {"w_z", tensor<int8_t>({2}, {0, 0})},
                        {"b", tensor<int32_t>({2}, {8, -1})},
                        {"b_s", tensor<float>({2}, {0.125F, 0.5F})}};
  graph.nodes = {node("QuantizeLinear", {"x", "s", "z"}, "xq"),
                 node("DequantizeLinear", {"xq", "s", "z"}, "xd"),
                 node("DequantizeLinear", {"w", "w_s", "w_z"}, "wd", {{"axis", int64_t{0}}}),
                 node("DequantizeLinear", {"b", "b_s"}, "bd", {{"axis", int64_t{0}}})};
  graph.nodes.insert(graph.nodes.end(), nodes.begin(), nodes.end());
  return graph;
}

/// Two nodes: to 8 bits and back.
std::vector<Node> rounded(const std::string& from, const std::string& to, const std::string& prefix = "") {
  return {node("QuantizeLinear", {from, prefix + "s", prefix + "z"}, to + "q"),
          node("DequantizeLinear", {to + "q", prefix + "s", prefix + "z"}, to)};
}

std::vector<Node> join(std::vector<Node> nodes, const std::vector<Node>& more) {
  nodes.insert(nodes.end(), more.begin(), more.end());
  return nodes;
}

Graph optimized(Graph graph, const PassOptions& options = kInIntegers) {
  const Status status = optimize(graph, options);
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_TRUE(infer_types(graph).ok()) << infer_types(graph).status().message();
  return graph;
}

const Node& the(const Graph& graph, const std::string& op) {
  return *std::ranges::find(graph.nodes, op, &Node::op);
}

TEST(FuseQuantized, AConvolutionTakesItsWeightsBiasAndActivationIn) {
  const Graph graph = optimized(
      graph_of(join({node("Conv", {"xd", "wd", "bd"}, "c"), node("Relu", {"c"}, "r")}, rounded("r", "y"))));
  ASSERT_THAT(ops_of(graph), ElementsAre("QuantizeLinear", "QuantizedConv", "DequantizeLinear"));
  const Node& conv = graph.nodes[1];
  EXPECT_EQ(conv.name, "c.Conv+r.Relu");
  EXPECT_EQ(conv.inputs[0], "xq");
  EXPECT_EQ(conv.int_or("x_zero_point", -1), 3);
  EXPECT_THAT(std::get<std::vector<float>>(conv.attributes.at("sum_scales")), ElementsAre(0.125F, 0.5F));
  EXPECT_THAT(graph.initializer(conv.inputs[1])->as<int8_t>(), ElementsAre(1, -2, 3, -128));
  EXPECT_THAT(graph.initializer(conv.inputs[2])->as<float>(), ElementsAre(1, -0.5F));
  EXPECT_EQ(conv.string_or("y_type", ""), "u8");
  EXPECT_EQ(conv.int_or("y_low", -1), 3) << "the step of 0";
  EXPECT_EQ(conv.int_or("y_high", -1), 255);
}

TEST(FuseQuantized, AConvolutionMayEndInFloats) {
  const Graph graph = optimized(graph_of({node("Conv", {"xd", "wd"}, "c"), node("Relu", {"c"}, "y")}));
  ASSERT_THAT(ops_of(graph), ElementsAre("QuantizeLinear", "QuantizedConv"));
  EXPECT_EQ(graph.nodes[1].string_or("y_type", ""), "f32");
  EXPECT_EQ(graph.nodes[1].float_or("min", -1), 0);
}

TEST(FuseQuantized, ASumThatWasRoundedIsRoundedBeforeTheResidualIsAdded) {
  auto nodes = join({node("Conv", {"xd", "wd"}, "c")}, rounded("c", "cd", "wide_"));
  nodes = join(join(nodes, {node("Add", {"cd", "xd"}, "a"), node("Relu", {"a"}, "r")}), rounded("r", "y"));
  const Graph graph = optimized(graph_of(nodes));
  ASSERT_THAT(ops_of(graph), ElementsAre("QuantizeLinear", "QuantizedConv", "DequantizeLinear"));
  const Node& conv = graph.nodes[1];
  EXPECT_THAT(conv.inputs, ElementsAre("xq", ::testing::_, "", "xq"));
  EXPECT_EQ(conv.float_or("middle_scale", 0), 0.5F);
  EXPECT_EQ(conv.int_or("middle_high", 0), 255);
  EXPECT_EQ(conv.float_or("residual_scale", 0), 0.25F);
  EXPECT_EQ(conv.int_or("y_zero_point", 0), 3);
}

TEST(FuseQuantized, AnAdditionOfTwoThatOthersReadStaysOne) {
  auto nodes = join({node("Conv", {"xd", "wd"}, "c")}, rounded("c", "cd"));
  nodes = join(join(nodes, {node("Add", {"cd", "xd"}, "a")}), rounded("a", "ad"));
  nodes = join(join(nodes, {node("Add", {"ad", "cd"}, "e")}), rounded("e", "y"));
  EXPECT_THAT(
      ops_of(optimized(graph_of(nodes))),
      ElementsAre("QuantizeLinear", "QuantizedConv", "QuantizedAdd", "QuantizedAdd", "DequantizeLinear"));
}

TEST(FuseQuantized, WeightsLessAZeroPointThatFitInEightBitsAreTaken) {
  Graph graph = graph_of(join({node("Conv", {"xd", "wd"}, "c")}, rounded("c", "y")));
  graph.initializers["w"] = tensor<uint8_t>({2, 2, 1, 1}, {0, 255, 130, 128});
  graph.initializers["w_z"] = tensor<uint8_t>({2}, {128, 128});
  const Graph fits = optimized(graph);
  EXPECT_THAT(fits.initializer(the(fits, "QuantizedConv").inputs[1])->as<int8_t>(),
              ElementsAre(-128, 127, 2, 0));
  graph.initializers["w_z"] = tensor<uint8_t>({2}, {120, 128});
  EXPECT_THAT(ops_of(optimized(graph)), ::testing::Contains("Conv")) << "255 − 120 needs nine bits";
}

TEST(FuseQuantized, WeightsWithoutAZeroPointAreHeldOnce) {
  const Graph graph = graph_of(join({node("Conv", {"xd", "wd"}, "c")}, rounded("c", "y")));
  const Graph fused = optimized(graph);
  EXPECT_EQ(fused.initializer(the(fused, "QuantizedConv").inputs[1])->data(), graph.initializer("w")->data());
}

TEST(FuseQuantized, WhatIsNotOfOneScaleOrNotConstantIsLeftAsItIs) {
  const Graph plain = graph_of(join({node("Conv", {"xd", "wd"}, "c")}, rounded("c", "y")));
  Graph by_channel = plain;
  by_channel.initializers["s"] = tensor<float>({2}, {0.25F, 0.5F});
  by_channel.initializers["z"] = tensor<uint8_t>({2}, {3, 3});
  Graph computed = plain;
  computed.initializers.erase("w");
  computed.inputs.push_back({"w", {DType::kI8, Shape{2, 2, 1, 1}}, {}});
  Graph wide = plain;
  wide.initializers["z"] = tensor<uint16_t>({}, {3});
  for (const Graph& graph : {by_channel, computed, wide})
    EXPECT_THAT(ops_of(optimized(graph)), ::testing::Contains("Conv"));
}

TEST(FuseQuantized, ProductsOfEitherOrderBecomeRowsOfColumns) {
  for (const bool is_gemm : {true, false}) {
    const Node flat = node("Flatten", {"xd"}, "f");
    const Node product = is_gemm ? node("Gemm", {"fd", "md", "bd"}, "p", {{"transB", int64_t{1}}})
                                 : node("MatMul", {"fd", "md"}, "p");
    const Node weights =
        node("DequantizeLinear", {"m", "w_s", "w_z"}, "md", {{"axis", int64_t{is_gemm ? 0 : 1}}});
    Graph graph =
        graph_of(join(join({flat}, rounded("f", "fd")), join({weights, product}, rounded("p", "y"))));
    std::vector<int8_t> steps(36);
    for (int i = 0; i < 36; ++i) steps[static_cast<size_t>(i)] = static_cast<int8_t>(i);
    graph.initializers["m"] = tensor<int8_t>(is_gemm ? Shape{2, 18} : Shape{18, 2}, steps);
    graph = optimized(graph);
    ASSERT_THAT(ops_of(graph), ElementsAre("QuantizeLinear", "Flatten", "QuantizedGemm", "DequantizeLinear"));
    const Tensor& turned = *graph.initializer(graph.nodes[2].inputs[1]);
    EXPECT_EQ(turned.shape(), (Shape{2, 18}));
    EXPECT_EQ(turned.as<int8_t>()[1], is_gemm ? 1 : 2);
  }
}

TEST(StayInIntegers, MovesKeepTheirBytesOrLookTheNewScaleUp) {
  const auto pooled = [](const std::string& prefix) {
    return graph_of(join({node("MaxPool", {"xd"}, "p", {{"kernel_shape", std::vector<int64_t>{2, 2}}})},
                         rounded("p", "y", prefix)));
  };
  EXPECT_THAT(ops_of(optimized(pooled(""))), ElementsAre("QuantizeLinear", "MaxPool", "DequantizeLinear"));
  const Graph wide = optimized(pooled("wide_"));
  ASSERT_THAT(ops_of(wide), ElementsAre("QuantizeLinear", "MaxPool", "Lookup", "DequantizeLinear"));
  const auto table = wide.initializer(wide.nodes[2].inputs[1])->as<uint8_t>();
  EXPECT_EQ(table[0], 0) << "−3/4 lies below";
  EXPECT_EQ(table[4], 0) << "1/4 is half a step, to even";
  EXPECT_EQ(table[6], 2) << "3/4 is one and a half, to even";
  EXPECT_EQ(table[255], 126);
}

TEST(StayInIntegers, WhatIsMovedBeforeItIsQuantisedIsMovedAfterwards) {
  const Graph graph = optimized(
      graph_of(join({node("Add", {"x", "x"}, "sum"), node("Flatten", {"sum"}, "f")}, rounded("f", "y"))));
  ASSERT_THAT(ops_of(graph), ElementsAre("Add", "QuantizeLinear", "Flatten", "DequantizeLinear"));
  EXPECT_EQ(graph.nodes[1].inputs[0], "sum");
  EXPECT_EQ(graph.nodes[2].inputs[0], graph.nodes[1].outputs[0]);
  EXPECT_EQ(graph.nodes[3].inputs[0], graph.nodes[2].outputs[0]);
}

TEST(StayInIntegers, JoinsBringEachOperandToTheNewScale) {
  auto nodes = join({node("Conv", {"xd", "wd"}, "c")}, rounded("c", "cd", "wide_"));
  nodes =
      join(join(nodes, {node("Concat", {"xd", "cd", "xd"}, "j", {{"axis", int64_t{1}}})}), rounded("j", "y"));
  const Graph graph = optimized(graph_of(nodes));
  EXPECT_THAT(ops_of(graph), UnorderedElementsAre("QuantizeLinear", "QuantizedConv", "Lookup", "Concat",
                                                  "DequantizeLinear"));
  EXPECT_EQ(the(graph, "Concat").inputs[0], "xq");
  EXPECT_EQ(the(graph, "Concat").inputs[1], the(graph, "Lookup").outputs[0]);
}

TEST(StayInIntegers, AveragesAndClampsAreComputedOnSteps) {
  const Graph graph =
      optimized(graph_of(join(join({node("GlobalAveragePool", {"xd"}, "g")}, rounded("g", "gd")),
                              join({node("Relu", {"gd"}, "r")}, rounded("r", "y")))));
  ASSERT_THAT(ops_of(graph),
              ElementsAre("QuantizeLinear", "QuantizedAveragePool", "Lookup", "DequantizeLinear"));
  EXPECT_THAT(graph.nodes[1].ints_or("kernel_shape", {}), ElementsAre(3, 3));
  const auto table = graph.initializer(graph.nodes[2].inputs[1])->as<uint8_t>();
  EXPECT_EQ(table[0], 3);
  EXPECT_EQ(table[9], 9);
}

/// x · Sigmoid(x), its mean quantised, and the sigmoid of that times it.
std::vector<Node> squeezed(const std::string& factor_of) {
  auto nodes = join({node("Sigmoid", {"xd"}, "g"), node("Mul", {"xd", "g"}, "silu"),
                     node("GlobalAveragePool", {"silu"}, "m")},
                    rounded("m", "md"));
  nodes = join(nodes, {node("Sigmoid", {factor_of}, "f"), node("Mul", {"f", "silu"}, "p")});
  return join(nodes, rounded("p", "y", "wide_"));
}

const PassOptions kWithHalves{
    .evaluate = [](const Node&, std::span<const Tensor> inputs) -> Result<std::vector<Tensor>> {
      std::vector<float> halves(inputs[0].as<float>().begin(), inputs[0].as<float>().end());
      for (float& each : halves) each /= 2;
      return std::vector{tensor<float>(inputs[0].shape(), halves)};
    },
    .computes_in_integers = true};

TEST(StayInIntegers, AnImageThatIsAFunctionOfStepsIsSqueezedAndScaledFromThem) {
  const Graph graph = optimized(graph_of(squeezed("md")), kWithHalves);
  ASSERT_THAT(ops_of(graph),
              ElementsAre("QuantizeLinear", "LookupMean", "LookupProduct", "DequantizeLinear"));
  const Node &mean = graph.nodes[1], &product = graph.nodes[2];
  EXPECT_EQ(mean.inputs[0], "xq");
  EXPECT_EQ(product.inputs[0], "xq") << "the image first, whichever side it was on";
  EXPECT_EQ(product.inputs[2], "mdq");
  const auto values = graph.initializer(mean.inputs[1])->as<float>();
  EXPECT_FLOAT_EQ(values[7], 0.5F) << "1 · 1/2";
  EXPECT_FLOAT_EQ(values[1], 0.125F) << "−1/2 · −1/4";
  EXPECT_FLOAT_EQ(graph.initializer(product.inputs[3])->as<float>()[7], 0.5F) << "half of 1";
  EXPECT_FLOAT_EQ(static_cast<float>(product.float_or("y_scale", 0)), 0.5F);
}

TEST(StayInIntegers, AFactorOfEachElementIsLeftAsItIs) {
  EXPECT_THAT(ops_of(optimized(graph_of(squeezed("xd")), kWithHalves)),
              ::testing::Not(::testing::Contains("LookupProduct")));
}

TEST(RoundInFloats, AConvolutionRoundsBeforeAndAfterTheResidual) {
  auto nodes = join({node("Conv", {"xd", "wd"}, "c")}, rounded("c", "cd", "wide_"));
  nodes = join(join(nodes, {node("Add", {"cd", "xd"}, "a"), node("Relu", {"a"}, "r")}), rounded("r", "y"));
  const Graph graph = optimized(graph_of(nodes), PassOptions{});
  ASSERT_THAT(ops_of(graph), ElementsAre("RoundToSteps", "DequantizeLinear", "FusedConv"));
  const Node& conv = graph.nodes[2];
  EXPECT_THAT(conv.inputs, ElementsAre("xd", "wd", "", "xd"));
  EXPECT_EQ(conv.float_or("sum_scale", 0), 0.5F);
  EXPECT_EQ(conv.float_or("sum_high", 0), 255);
  EXPECT_EQ(conv.float_or("y_scale", 0), 0.25F);
  EXPECT_EQ(conv.float_or("y_low", 0), -3);
  EXPECT_EQ(conv.float_or("y_high", 0), 252);
  EXPECT_EQ(conv.outputs[0], "y");
}

TEST(RoundInFloats, IntegersThatSomethingElseReadsStay) {
  Graph graph = graph_of(rounded("xd", "y"));
  graph.outputs.push_back({"yq", {DType::kU8, std::nullopt}, {}});
  EXPECT_THAT(ops_of(optimized(graph, PassOptions{})),
              ElementsAre("RoundToSteps", "QuantizeLinear", "DequantizeLinear"));
}

}  // namespace
}  // namespace ridgeline::passes
