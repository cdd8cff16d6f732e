// What passes join that exporters write of transformers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/infer.h"
#include "graph/passes/passes.h"
#include "small_graphs.h"

namespace ridgeline::passes {
namespace {

using ::testing::ElementsAre;

/// x / 2 · (1 + erf(x / root)) as TorchScript writes it, or the new exporter.
Graph gelu_of(float root, bool half_last) {
  const std::string first = half_last ? "x" : "half", last = half_last ? "half" : "x";
  Graph graph =
      graph_of({node("Div", "d", {"x", "root"}, "scaled"), node("Erf", "e", {"scaled"}, "erf"),
                node("Add", "a", {"erf", "one"}, "sum"), node("Mul", "m", {first, "sum"}, "product"),
                node("Mul", "n", {"product", last}, "y")},
               {2, 3}, "y");
  graph.initializers = {{"root", floats({}, {root})}, {"one", floats({}, {1})}, {"half", floats({}, {0.5F})}};
  return graph;
}

TEST(FuseGelus, TakesBothOrdersThatExportersWrite) {
  for (const bool half_last : {true, false}) {
    Graph graph = gelu_of(1.41421356F, half_last);
    ASSERT_TRUE(fuse_gelus(graph, {}).ok());
    ASSERT_THAT(ops_of(graph), ElementsAre("Gelu"));
    EXPECT_EQ(graph.nodes[0].name, "d+e+a+m+n");
    EXPECT_THAT(graph.nodes[0].inputs, ElementsAre("x"));
    EXPECT_THAT(graph.nodes[0].outputs, ElementsAre("y"));
  }
}

TEST(FuseGelus, LeavesOtherFunctionsAndValuesThatAreReadElsewhere) {
  Graph other = gelu_of(1.5F, true);
  ASSERT_TRUE(fuse_gelus(other, {}).ok());
  EXPECT_EQ(other.nodes.size(), 5U);
  Graph read = gelu_of(1.41421356F, true);
  read.outputs.push_back({"erf", {DType::kF32, std::nullopt}, {}});
  ASSERT_TRUE(fuse_gelus(read, {}).ok());
  EXPECT_EQ(read.nodes.size(), 5U);
}

TEST(FuseBiases, ARowOfConstantsBehindAProductGoesIntoIt) {
  for (const bool bias_first : {true, false}) {
    Graph graph =
        graph_of({node("MatMul", "m", {"x", "w"}, "p"),
                  bias_first ? node("Add", "a", {"b", "p"}, "y") : node("Add", "a", {"p", "b"}, "y")},
                 {2, 5, 3}, "y");
    graph.initializers = {{"w", floats({3, 2}, {1, 2, 3, 4, 5, 6})}, {"b", floats({2}, {7, 8})}};
    ASSERT_TRUE(fuse_biases(graph, {}).ok());
    ASSERT_THAT(ops_of(graph), ElementsAre("FusedMatMul"));
    EXPECT_EQ(graph.nodes[0].name, "m+a");
    EXPECT_THAT(graph.nodes[0].inputs, ElementsAre("x", "w", "b"));
    EXPECT_THAT(graph.nodes[0].outputs, ElementsAre("y"));
    const Result<TypeMap> types = infer_types(graph);
    ASSERT_TRUE(types.ok()) << types.status().message();
    EXPECT_EQ(types->at("y").shape, (Shape{2, 5, 2}));
  }
}

TEST(FuseBiases, LeavesOtherSumsAndProductsThatAreReadElsewhere) {
  const auto left = [](const Tensor& bias, bool product_is_output) {
    Graph graph =
        graph_of({node("MatMul", "m", {"x", "w"}, "p"), node("Add", "a", {"p", "b"}, "y")}, {2, 5, 3}, "y");
    graph.initializers = {{"w", floats({3, 2}, {1, 2, 3, 4, 5, 6})}, {"b", bias}};
    if (product_is_output) graph.outputs.push_back({"p", {DType::kF32, std::nullopt}, {}});
    EXPECT_TRUE(fuse_biases(graph, {}).ok());
    return graph.nodes.size() == 2;
  };
  EXPECT_TRUE(left(floats({1}, {7}), false));
  EXPECT_TRUE(left(floats({5, 2}, std::vector<float>(10)), false));
  EXPECT_TRUE(left(floats({1, 1, 1, 2}, {7, 8}), false)) << "which adds an axis";
  EXPECT_TRUE(left(floats({2}, {7, 8}), true));
}

}  // namespace
}  // namespace ridgeline::passes
