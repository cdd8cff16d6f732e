#include <gtest/gtest.h>

#include "graph/graph.h"

namespace ridgeline {
namespace {

Node node(std::string name, std::vector<std::string> inputs, std::vector<std::string> outputs) {
  return {.name = std::move(name), .op = "Op", .inputs = std::move(inputs), .outputs = std::move(outputs)};
}

ValueInfo value(std::string name) { return {.name = std::move(name)}; }

std::vector<std::string> names_of(const Graph& graph) {
  std::vector<std::string> names;
  for (const Node& each : graph.nodes) names.push_back(each.name);
  return names;
}

TEST(SortTopologically, ProducersComeFirstAndTheRestKeepsItsOrder) {
  Graph graph{.inputs = {value("x")}, .outputs = {value("c")}};
  graph.nodes = {node("last", {"b"}, {"c"}), node("free", {"x"}, {"f"}), node("middle", {"a"}, {"b"}),
                 node("first", {"x"}, {"a"})};
  ASSERT_TRUE(sort_topologically(graph).ok());
  EXPECT_EQ(names_of(graph), (std::vector<std::string>{"free", "first", "middle", "last"}));
}

TEST(SortTopologically, ASubgraphIsSortedAndComesAfterWhatItCaptures) {
  Graph body{.outputs = {value("d")}};
  body.nodes = {node("inner last", {"in"}, {"d"}), node("inner first", {"captured"}, {"in"})};
  Graph graph{.inputs = {value("x")}, .outputs = {value("y")}};
  graph.nodes = {node("if", {"x"}, {"y"}), node("maker", {"x"}, {"captured"})};
  graph.nodes[0].attributes["then_branch"] = std::make_shared<const Graph>(body);
  ASSERT_TRUE(sort_topologically(graph).ok());
  EXPECT_EQ(names_of(graph), (std::vector<std::string>{"maker", "if"}));
  EXPECT_EQ(names_of(*graph.nodes[1].subgraph("then_branch")),
            (std::vector<std::string>{"inner first", "inner last"}));
}

TEST(SortTopologically, ACycleIsRefusedByNode) {
  Graph graph{.inputs = {value("x")}};
  graph.nodes = {node("fine", {"x"}, {"f"}), node("chicken", {"egg"}, {"hen"}),
                 node("hen", {"hen"}, {"egg"})};
  const Status status = sort_topologically(graph);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.message(), "Op 'chicken': depends on its own output: the graph has a cycle");
}

TEST(SortTopologically, AValueMadeTwiceOrByNobodyIsRefusedByName) {
  Graph twice{.inputs = {value("x")}};
  twice.nodes = {node("a", {"x"}, {"y"}), node("b", {"x"}, {"y"})};
  EXPECT_NE(sort_topologically(twice).message().find("Op 'b': value 'y' is made twice"), std::string::npos);
  Graph missing{.inputs = {value("x")}};
  missing.nodes = {node("a", {"ghost"}, {"y"})};
  EXPECT_NE(sort_topologically(missing).message().find("its input 'ghost' is made by no node"),
            std::string::npos);
  Graph output{.outputs = {value("y")}};
  EXPECT_NE(sort_topologically(output).message().find("graph output 'y'"), std::string::npos);
}

TEST(Node, AttributesAreReadByTypeWithAFallback) {
  Node conv = node("conv", {"x", ""}, {"y"});
  conv.op = "Conv";
  conv.attributes = {{"group", int64_t{2}},
                     {"pads", std::vector<int64_t>{1, 1}},
                     {"auto_pad", std::string("VALID")},
                     {"alpha", 0.5F}};
  EXPECT_EQ(conv.int_or("group", 1), 2);
  EXPECT_EQ(conv.int_or("pads", 7), 7);
  EXPECT_EQ(conv.ints_or("pads", {}), (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(conv.string_or("auto_pad", "NOTSET"), "VALID");
  EXPECT_EQ(conv.float_or("alpha", 1), 0.5F);
  EXPECT_EQ(conv.tensor("value"), nullptr);
  EXPECT_FALSE(conv.has_input(1));
  EXPECT_EQ(conv.describe(), "Conv 'conv'");
}

TEST(Graph, ParametersOfSubgraphsCount) {
  const Tensor four = Tensor::zeros(DType::kF32, {4}).value();
  Graph body{.initializers = {{"inner", four}}};
  Graph graph{.initializers = {{"outer", four}}};
  graph.nodes = {node("if", {}, {})};
  graph.nodes[0].attributes["then_branch"] = std::make_shared<const Graph>(body);
  EXPECT_EQ(graph.parameter_count(), 8);
}

}  // namespace
}  // namespace ridgeline
