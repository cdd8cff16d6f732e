#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/onnx_dtype.h"
#include "graph/passes/passes.h"
#include "small_graphs.h"

namespace ridgeline::passes {
namespace {

using ::testing::ElementsAre;
using Ints = std::vector<int64_t>;

/// A u8 input of 2 × 5 × 6 × 3 into `nodes`.
Graph of_pixels(std::vector<Node> nodes) {
  Graph graph;
  graph.inputs = {{"x", {DType::kU8, Shape{2, 5, 6, 3}}, {}}};
  graph.outputs = {{"y", {DType::kF32, std::nullopt}, {}}};
  graph.nodes = std::move(nodes);
  graph.initializers["mean"] = floats({3}, {1, 2, 3});
  graph.initializers["planes_mean"] = floats({3, 1, 1}, {1, 2, 3});
  graph.initializers["wide"] = floats({6, 3}, std::vector<float>(18, 1));
  graph.initializers["half"] = floats({}, {0.5F});
  graph.initializers["bgr"] = integers({2, 1, 0});
  return graph;
}

Node to_planes(std::string from, std::string to) {
  Node transpose = node("Transpose", "planes", {std::move(from)}, std::move(to));
  transpose.attributes["perm"] = Ints{0, 3, 1, 2};
  return transpose;
}

Node to_floats(std::string from, std::string to) {
  Node cast = node("Cast", "cast", {std::move(from)}, std::move(to));
  cast.attributes["to"] = onnx_number_of(DType::kF32);
  return cast;
}

TEST(ReadPixels, TakesTheArithmeticOfEachChannelAndWhereItLies) {
  Node pick = node("Gather", "pick", {"b", "bgr"}, "c");
  pick.attributes["axis"] = int64_t{-1};
  Graph graph = of_pixels({to_floats("x", "a"), node("Sub", "sub", {"a", "mean"}, "b"), pick,
                           node("Mul", "mul", {"half", "c"}, "d"), to_planes("d", "y")});
  ASSERT_TRUE(read_pixels(graph, {}).ok());
  ASSERT_THAT(ops_of(graph), ElementsAre("ReadPixels"));
  const Node& read = graph.nodes[0];
  EXPECT_EQ(read.name, "cast+sub+pick+mul+planes");
  EXPECT_EQ(read.string_or("layout", ""), "NHWC");
  EXPECT_EQ(read.ints_or("channels", {}), (Ints{2, 1, 0}));
  EXPECT_THAT(read.tensor("scale")->as<float>(), ElementsAre(0.5F, 0.5F, 0.5F));
  EXPECT_THAT(read.tensor("shift")->as<float>(), ElementsAre(-1.5F, -1, -0.5F));
  EXPECT_EQ(*infer_types(graph).value().at("y").shape, (Shape{2, 3, 5, 6}));
}

TEST(ReadPixels, LeavesWhatIsNoArithmeticOfAChannel) {
  Graph graph = of_pixels({to_floats("x", "a"), node("Mul", "mul", {"a", "half"}, "b"), to_planes("b", "c"),
                           node("Sub", "sub", {"planes_mean", "c"}, "d"), node("Relu", "relu", {"d"}, "y")});
  ASSERT_TRUE(read_pixels(graph, {}).ok());
  EXPECT_THAT(ops_of(graph), ElementsAre("ReadPixels", "Relu"));
  EXPECT_THAT(graph.nodes[0].tensor("scale")->as<float>(), ElementsAre(-0.5F, -0.5F, -0.5F));
  EXPECT_THAT(graph.nodes[0].tensor("shift")->as<float>(), ElementsAre(1, 2, 3));

  Graph wide = of_pixels({to_floats("x", "a"), node("Mul", "mul", {"a", "wide"}, "b"), to_planes("b", "y")});
  ASSERT_TRUE(read_pixels(wide, {}).ok());
  EXPECT_THAT(ops_of(wide), ElementsAre("Cast", "Mul", "Transpose"));
}

TEST(ReadPixels, LeavesWhatOthersRead) {
  Graph graph = of_pixels({to_floats("x", "a"), to_planes("a", "b"), node("Mul", "mul", {"b", "half"}, "y")});
  graph.outputs.push_back({"a", {DType::kF32, std::nullopt}, {}});
  ASSERT_TRUE(read_pixels(graph, {}).ok());
  EXPECT_THAT(ops_of(graph), ElementsAre("Cast", "Transpose", "Mul"));
}

TEST(ReadPixels, LeavesNodesThatGiveNothing) {
  Graph graph = of_pixels({to_floats("x", "a"), to_planes("a", "y"), node("Relu", "relu", {"b"}, "")});
  graph.nodes[0].outputs.clear();
  graph.inputs.push_back({"b", {DType::kF32, Shape{1}}, {}});
  graph.inputs.push_back({"a", {DType::kF32, Shape{2, 5, 6, 3}}, {}});
  EXPECT_TRUE(read_pixels(graph, {}).ok());
  EXPECT_THAT(ops_of(graph), ElementsAre("Cast", "Transpose", "Relu"));
}

TEST(ReadPixels, GivesStepsWhereTheImageIsQuantised) {
  Graph graph = of_pixels({to_planes("x", "a"), to_floats("a", "b"), node("Mul", "mul", {"b", "half"}, "c"),
                           node("QuantizeLinear", "quantize", {"c", "half", "zero"}, "y")});
  graph.initializers["zero"] = Tensor::from_values<int8_t>({}, std::array<int8_t, 1>{-100}).value();
  graph.outputs[0].type.dtype = DType::kI8;
  Graph in_floats = graph;
  ASSERT_TRUE(read_pixels(graph, {.computes_in_integers = true}).ok());
  ASSERT_THAT(ops_of(graph), ElementsAre("ReadPixels"));
  const Tensor& table = *graph.nodes[0].tensor("table");
  EXPECT_EQ(table.shape(), (Shape{3, 256}));
  EXPECT_EQ(table.as<int8_t>()[256 + 3], -97);
  EXPECT_EQ(table.as<int8_t>()[512 + 255], 127);
  ASSERT_TRUE(read_pixels(in_floats, {}).ok());
  EXPECT_THAT(ops_of(in_floats), ElementsAre("ReadPixels", "QuantizeLinear"));
}

}  // namespace
}  // namespace ridgeline::passes
