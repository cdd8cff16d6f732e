#include "engine/profile_names.h"

#include <gtest/gtest.h>

namespace ridgeline {
namespace {

Node node(const std::string& op, std::vector<std::string> inputs, const std::string& output) {
  Node made;
  made.name = "/" + output + "/" + op;
  made.op = op;
  made.inputs = std::move(inputs);
  made.outputs = {output};
  return made;
}

/// The end of a residual block: two convolutions, their sum, a ReLU that two nodes read.
Graph residual_block() {
  Graph graph;
  graph.nodes = {node("Conv", {"x", "w1"}, "main"),        node("Conv", {"x", "w2"}, "shortcut"),
                 node("Add", {"main", "shortcut"}, "sum"), node("Relu", {"sum"}, "y"),
                 node("Flatten", {"y"}, "flat"),           node("Softmax", {"y"}, "soft")};
  return graph;
}

std::vector<OpTime> restored(const std::vector<std::string>& words) {
  std::vector<OpTime> times;
  for (const std::string& word : words) times.push_back({word, "theirs", "", 1});
  NodeNames(residual_block()).restore(times);
  return times;
}

TEST(ProfileNames, AFusedOperatorNamedByItsResultStandsForAllItsNodes) {
  const auto times = restored({"shortcut_nchwc", "y_nchwc", "ReorderOutput", "/soft/Softmax"});
  EXPECT_EQ(times[0].name, "/shortcut/Conv");
  EXPECT_EQ(times[1].name, "/main/Conv+/sum/Add+/y/Relu+/flat/Flatten");
  EXPECT_EQ(times[1].op, "Conv");
  EXPECT_EQ(times[2].name, "ReorderOutput");
  EXPECT_EQ(times[2].op, "theirs");
  EXPECT_EQ(times[3].name, "/soft/Softmax");
}

TEST(ProfileNames, NamesJoinedByTheEngineAreLedBackOneByOne) {
  const auto times = restored({"/shortcut/Conv", "/main/Conv+sum+y", "flat.0", "soft.0.0"});
  EXPECT_EQ(times[1].name, "/main/Conv+/sum/Add+/y/Relu");
  EXPECT_EQ(times[2].name, "/flat/Flatten");
  EXPECT_EQ(times[3].name, "/soft/Softmax");
}

TEST(ProfileNames, ANodeGoesToOneEntryOnly) {
  const auto times = restored({"y", "y_reordered", "y.0"});
  EXPECT_NE(times[0].name, "y");
  EXPECT_EQ(times[1].name, "y_reordered");
  EXPECT_EQ(times[2].name, "y.0");
}

}  // namespace
}  // namespace ridgeline
