#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

#include "graph/passes/passes.h"
#include "small_graphs.h"

namespace ridgeline::passes {
namespace {

using ::testing::ElementsAre;
using Ints = std::vector<int64_t>;

/// Moves 3 channels last, normalises and multiplies them to 4, and moves those back.
Graph moved_channels() {
  Graph graph = graph_of({node("Transpose", "to", {"x"}, "moved"),
                          node("LayerNormalization", "norm", {"moved", "scale", "bias"}, "normal"),
                          node("MatMul", "product", {"normal", "matrix"}, "columns"),
                          node("Add", "add", {"bias_of_columns", "columns"}, "sums"),
                          node("Relu", "relu", {"sums"}, "high"), node("Transpose", "from", {"high"}, "y")},
                         {2, 3, 5, 6}, "y");
  graph.nodes[0].attributes["perm"] = Ints{0, 2, 3, 1};
  graph.nodes[5].attributes["perm"] = Ints{0, 3, 1, 2};
  graph.initializers["scale"] = floats({3}, {1, 2, 3});
  graph.initializers["bias"] = floats({3}, {4, 5, 6});
  graph.initializers["matrix"] = floats({3, 4}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  graph.initializers["bias_of_columns"] = floats({4}, {1, 2, 3, 4});
  return graph;
}

TEST(KeepChannels, OfImagesThatAreMovedLastAndBackForLayersOfEachPixel) {
  Graph graph = moved_channels();
  ASSERT_TRUE(keep_channels(graph, {}).ok());
  EXPECT_THAT(ops_of(graph), ElementsAre("NormalizeChannels", "Conv", "Add", "Relu"));
  EXPECT_EQ(graph.nodes[0].name, "to+norm");
  EXPECT_EQ(graph.nodes[3].name, "relu+from");
  EXPECT_EQ(graph.nodes[0].inputs[0], "x");
  const Tensor& weights = graph.initializers.at(graph.nodes[1].inputs[1]);
  EXPECT_EQ(weights.shape(), (Shape{4, 3, 1, 1}));
  EXPECT_THAT(weights.as<float>(), ElementsAre(1, 5, 9, 2, 6, 10, 3, 7, 11, 4, 8, 12));
  EXPECT_EQ(graph.initializers.at(graph.nodes[2].inputs[0]).shape(), (Shape{4, 1, 1}));
  EXPECT_EQ(*infer_types(graph)->at("y").shape, (Shape{2, 4, 5, 6}));
}

TEST(KeepChannels, LeavesWhatIsReadBetweenMixesPixelsOrIsNotMovedBack) {
  const std::vector<std::function<void(Graph&)>> changes = {
      [](Graph& graph) { graph.outputs.push_back({"sums", {DType::kF32, std::nullopt}, {}}); },
      [](Graph& graph) { graph.nodes[1].attributes["axis"] = int64_t{2}; },
      [](Graph& graph) { graph.nodes[5].attributes["perm"] = Ints{0, 3, 2, 1}; },
      [](Graph& graph) { graph.nodes[4].op = "Softmax"; },
      [](Graph& graph) { graph.initializers.erase("matrix"); },
      [](Graph& graph) {
        graph.initializers["bias_of_columns"] = floats({5, 6, 1}, std::vector<float>(30));
      }};
  for (size_t i = 0; i < changes.size(); ++i) {
    Graph graph = moved_channels();
    changes[i](graph);
    const std::vector<std::string> before = ops_of(graph);
    ASSERT_TRUE(keep_channels(graph, {}).ok());
    EXPECT_EQ(ops_of(graph), before) << i;
  }
}

/// Multiplies rows, lays them in one matrix and normalises that.
Graph normalised_rows(const std::string& frame) {
  Graph graph =
      graph_of({node("MatMul", "product", {"x", "matrix"}, "rows"), node(frame, "frame", {"rows"}, "flat"),
                node("BatchNormalization", "norm", {"flat", "g", "b", "m", "v"}, "y")},
               {2, 5, 3}, "y");
  if (frame == "Flatten") graph.nodes[1].attributes["axis"] = int64_t{2};
  if (frame == "Reshape") graph.nodes[1].inputs.push_back("shape");
  graph.initializers["shape"] = integers({-1, 2});
  graph.initializers["matrix"] = floats({3, 2}, {1, 2, 3, 4, 5, 6});
  for (const auto& [name, values] :
       std::map<std::string, std::vector<float>>{{"g", {2, 3}}, {"b", {4, 5}}, {"m", {0, 1}}, {"v", {1, 1}}})
    graph.initializers[name] = floats({2}, values);
  graph.nodes[2].attributes["epsilon"] = 0.0F;
  return graph;
}

TEST(FlattenProducts, LetABatchNormOfRowsBeFoldedIntoTheirProduct) {
  for (const std::string frame : {"Flatten", "Reshape"}) {
    Graph graph = normalised_rows(frame);
    ASSERT_TRUE(flatten_products(graph, {}).ok());
    ASSERT_TRUE(fold_batch_norms(graph, {}).ok());
    EXPECT_THAT(ops_of(graph), ElementsAre("Flatten", "Gemm"));
    EXPECT_EQ(graph.nodes[1].name, "product+norm");
    EXPECT_EQ(*infer_types(graph)->at("y").shape, (Shape{10, 2}));
    const Node& gemm = graph.nodes[1];
    EXPECT_THAT(graph.initializers.at(gemm.inputs[1]).as<float>(), ElementsAre(2, 6, 6, 12, 10, 18));
    EXPECT_THAT(graph.initializers.at(gemm.inputs[2]).as<float>(), ElementsAre(4, 2));
  }
}

TEST(FlattenProducts, LeavesRowsOfOtherLengthsAndThoseThatAreReadBefore) {
  const std::vector<std::function<void(Graph&)>> changes = {
      [](Graph& graph) {
        graph.initializers["shape"] = integers({-1, 1});
        for (const char* const name : {"g", "b", "m", "v"}) graph.initializers[name] = floats({1}, {1});
      },
      [](Graph& graph) { graph.outputs.push_back({"rows", {DType::kF32, std::nullopt}, {}}); },
      [](Graph& graph) { graph.nodes[2] = node("Softmax", "norm", {"flat"}, "y"); }};
  for (size_t i = 0; i < changes.size(); ++i) {
    Graph graph = normalised_rows("Reshape");
    changes[i](graph);
    ASSERT_TRUE(flatten_products(graph, {}).ok()) << i;
    EXPECT_THAT(ops_of(graph), ElementsAre("MatMul", "Reshape", graph.nodes[2].op)) << i;
  }
}

}  // namespace
}  // namespace ridgeline::passes
