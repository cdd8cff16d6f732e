#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/passes/passes.h"
#include "small_graphs.h"

namespace ridgeline::passes {
namespace {

using ::testing::ElementsAre;
using Ints = std::vector<int64_t>;

/// Two heads of two numbers for each of five tokens, as exporters write attention without its softmax.
Graph attention() {
  Graph graph = graph_of(
      {node("Reshape", "heads", {"x", "shape"}, "split"), node("Transpose", "apart", {"split"}, "qkv"),
       node("Gather", "of_q", {"qkv", "zero"}, "q"), node("Gather", "of_k", {"qkv", "one"}, "k"),
       node("Gather", "of_v", {"qkv", "last"}, "v"), node("Mul", "scale", {"q", "half"}, "scaled"),
       node("Transpose", "turn", {"k"}, "turned"), node("MatMul", "scores", {"scaled", "turned"}, "weights"),
       node("MatMul", "sums", {"weights", "v"}, "mixed"), node("Transpose", "together", {"mixed"}, "tokens"),
       node("Reshape", "flat", {"tokens", "rows"}, "y")},
      {3, 5, 12}, "y");
  graph.nodes[1].attributes["perm"] = Ints{2, 0, 3, 1, 4};
  graph.nodes[6].attributes["perm"] = Ints{0, 1, 3, 2};
  graph.nodes[9].attributes["perm"] = Ints{0, 2, 1, 3};
  graph.initializers["shape"] = integers({3, 5, 3, 2, 2});
  graph.initializers["rows"] = integers({3, 5, 4});
  graph.initializers["half"] = floats({}, {0.5F});
  for (const auto& [name, index] : {std::pair("zero", 0), std::pair("one", 1), std::pair("last", -1)})
    graph.initializers[name] = Tensor::from_values<int64_t>({}, std::array{int64_t{index}}).value();
  return graph;
}

void optimise(Graph& graph) {
  ASSERT_TRUE(stride_products(graph, {}).ok());
  ASSERT_TRUE(remove_dead_code(graph, {}).ok());
}

TEST(StrideProducts, TakeInTheMovesOfAttention) {
  Graph graph = attention();
  optimise(graph);
  EXPECT_THAT(ops_of(graph), ElementsAre("StridedMatMul", "StridedMatMul", "Reshape"));
  const Node &scores = graph.nodes[0], &sums = graph.nodes[1];
  EXPECT_THAT(scores.inputs, ElementsAre("x", "x"));
  EXPECT_EQ(scores.ints_or("sizes", {}), (Ints{3, 2, 5, 2, 5}));
  EXPECT_EQ(scores.ints_or("a", {}), (Ints{0, 60, 2, 12, 1}));
  EXPECT_EQ(scores.ints_or("b", {}), (Ints{4, 60, 2, 1, 12}));
  EXPECT_EQ(scores.ints_or("y", {}), (Ints{50, 25, 5, 1}));
  EXPECT_EQ(scores.float_or("alpha", 0), 0.5F);
  EXPECT_EQ(sums.name, "sums+together");
  EXPECT_THAT(sums.inputs, ElementsAre("weights", "x"));
  EXPECT_EQ(sums.ints_or("a", {}), (Ints{0, 50, 25, 5, 1}));
  EXPECT_EQ(sums.ints_or("b", {}), (Ints{8, 60, 2, 12, 1}));
  EXPECT_EQ(sums.ints_or("y", {}), (Ints{20, 2, 4, 1}));
  EXPECT_EQ(sums.float_or("alpha", 0), 1);
  EXPECT_EQ(*infer_types(graph)->at("tokens").shape, (Shape{3, 5, 2, 2}));
  EXPECT_EQ(*infer_types(graph)->at("y").shape, (Shape{3, 5, 4}));
}

TEST(StrideProducts, TakeInAScaleBehindAndKeepWhatElseIsRead) {
  Graph graph = attention();
  graph.nodes[7].outputs = {"unscaled"};
  graph.nodes.insert(graph.nodes.begin() + 8, node("Div", "by", {"unscaled", "half"}, "weights"));
  graph.outputs.push_back({"weights", {DType::kF32, std::nullopt}, {}});
  graph.outputs.push_back({"k", {DType::kF32, std::nullopt}, {}});
  optimise(graph);
  EXPECT_THAT(ops_of(graph),
              ElementsAre("Reshape", "Transpose", "Gather", "StridedMatMul", "StridedMatMul", "Reshape"));
  EXPECT_EQ(graph.nodes[3].name, "scores+by");
  EXPECT_EQ(graph.nodes[3].float_or("alpha", 0), 1);
}

TEST(StrideProducts, SeeThroughSplitsAndAxesOfOneElement) {
  Graph graph = graph_of({node("Split", "split", {"x", "sizes"}, "left"),
                          node("Unsqueeze", "frame", {"right", "axis"}, "framed"),
                          node("Unsqueeze", "wrap", {"left", "axis"}, "wrapped"),
                          node("Transpose", "turn", {"wrapped"}, "turned"),
                          node("MatMul", "product", {"turned", "framed"}, "y")},
                         {4, 6, 7}, "y");
  graph.nodes[0].outputs = {"left", "right"};
  graph.nodes[0].attributes["axis"] = int64_t{-1};
  graph.nodes[3].attributes["perm"] = Ints{0, 1, 3, 2};
  graph.initializers["sizes"] = integers({2, 5});
  graph.initializers["axis"] = integers({1});
  optimise(graph);
  ASSERT_THAT(ops_of(graph), ElementsAre("StridedMatMul"));
  EXPECT_EQ(graph.nodes[0].ints_or("sizes", {}), (Ints{4, 1, 2, 6, 5}));
  const Ints a = graph.nodes[0].ints_or("a", {}), b = graph.nodes[0].ints_or("b", {});
  EXPECT_EQ((Ints{a[0], a[1], a[3], a[4]}), (Ints{0, 42, 1, 7}));
  EXPECT_EQ((Ints{b[0], b[1], b[3], b[4]}), (Ints{2, 42, 7, 1}));
}

TEST(StrideProducts, LeavePlainOnesMatricesApartInBothAxesAndThoseThatBroadcast) {
  const std::vector<std::pair<Shape, Shape>> operands = {{{4, 2, 3}, {4, 3, 5}}, {{1, 2, 3}, {4, 3, 5}}};
  for (const auto& [left, right] : operands) {
    Graph graph = graph_of({node("MatMul", "product", {"x", "r"}, "y")}, left, "y");
    graph.inputs.push_back({"r", {DType::kF32, right}, {}});
    optimise(graph);
    EXPECT_THAT(ops_of(graph), ElementsAre("MatMul")) << right.to_string();
  }
  Graph apart =
      graph_of({node("Transpose", "turn", {"x"}, "turned"), node("MatMul", "product", {"turned", "r"}, "y")},
               {2, 3, 4}, "y");
  apart.nodes[0].attributes["perm"] = Ints{2, 0, 1};
  apart.inputs.push_back({"r", {DType::kF32, Shape{4, 3, 5}}, {}});
  optimise(apart);
  EXPECT_THAT(ops_of(apart), ElementsAre("Transpose", "MatMul"));
}

TEST(StrideProducts, ReadAFrameThatIsNoViewAsItIs) {
  Graph graph = graph_of(
      {node("Transpose", "turn", {"x"}, "turned"), node("Reshape", "frame", {"turned", "shape"}, "framed"),
       node("Transpose", "back", {"framed"}, "left"), node("MatMul", "product", {"left", "framed"}, "y")},
      {4, 6, 2}, "y");
  graph.nodes[0].attributes["perm"] = Ints{1, 0, 2};
  graph.nodes[2].attributes["perm"] = Ints{0, 2, 1};
  graph.initializers["shape"] = integers({3, 4, 4});
  optimise(graph);
  EXPECT_THAT(ops_of(graph), ElementsAre("Transpose", "Reshape", "StridedMatMul"));
  EXPECT_THAT(graph.nodes[2].inputs, ElementsAre("framed", "framed"));
}

}  // namespace
}  // namespace ridgeline::passes
