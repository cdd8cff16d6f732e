#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/infer.h"
#include "graph/passes/open_dimensions.h"
#include "graph/passes/to_bf16.h"
#include "graph/zoo/zoo.h"
#include "tensor/half.h"

namespace ridgeline::passes {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ToBf16, RoundsMatricesAndKernelsAndLeavesVectorsAndTheModelsFace) {
  Graph graph = zoo::make("resnet18", {.image_size = 64}).value();
  const Graph before = graph;
  ASSERT_TRUE(to_bf16(graph).ok());
  const Tensor& narrow = graph.initializers.at("conv1.weight/bf16");
  const Tensor& wide = before.initializers.at("conv1.weight");
  EXPECT_EQ(narrow.dtype(), DType::kBF16);
  EXPECT_EQ(narrow.as<uint16_t>()[5], f32_to_bf16(wide.as<float>()[5]));
  EXPECT_FALSE(graph.initializers.contains("conv1.weight"));
  EXPECT_EQ(graph.initializers.at("bn1.running_var").dtype(), DType::kF32);
  EXPECT_EQ(graph.parameter_count(), before.parameter_count());
  const TypeMap types = infer_types(graph).value();
  EXPECT_EQ(types.at("conv1.weight").dtype, DType::kF32) << "nodes read it as before";
  EXPECT_EQ(types.at(graph.outputs[0].name).dtype, DType::kF32);
}

/// Takes 1x2x4x4; a Reshape to `to` stands at its end.
Graph fixed_graph(const std::vector<int64_t>& to) {
  Graph graph;
  graph.inputs = {{"x", {DType::kF32, Shape{1, 2, 4, 4}}, {}}};
  graph.outputs = {{"y", {DType::kF32, Shape{1, 2}}, {}}};
  graph.initializers = {{"to", Tensor::from_values<int64_t>({static_cast<int64_t>(to.size())}, to).value()}};
  graph.nodes = {{.name = "pool", .op = "GlobalAveragePool", .inputs = {"x"}, .outputs = {"p"}},
                 {.name = "flat", .op = "Reshape", .inputs = {"p", "to"}, .outputs = {"y"}}};
  return graph;
}

TEST(OpenDimensions, AModelThatFollowsItsInputsBatchGetsAnOpenOne) {
  Graph graph = fixed_graph({-1, 2});
  ASSERT_TRUE(open_dimensions(graph, false).ok());
  EXPECT_EQ(graph.inputs[0].type.shape, (Shape{-1, 2, 4, 4}));
  EXPECT_THAT(graph.inputs[0].dim_names, ElementsAre("batch", "", "", ""));
  EXPECT_EQ(graph.outputs[0].type.shape, (Shape{-1, 2}));
  EXPECT_EQ(graph.outputs[0].dim_names[0], "batch");
  ASSERT_TRUE(open_dimensions(graph, true).ok());
  EXPECT_EQ(graph.inputs[0].type.shape, (Shape{-1, 2, -1, -1}));
  EXPECT_THAT(graph.inputs[0].dim_names, ElementsAre("batch", "", "height", "width"));
}

TEST(OpenDimensions, AModelWithItsBatchWrittenInsideIsRefusedAndStaysAsItWas) {
  for (const std::vector<int64_t>& to : {std::vector<int64_t>{1, 2}, std::vector<int64_t>{1, -1}}) {
    Graph graph = fixed_graph(to);
    const Status status = open_dimensions(graph, false);
    EXPECT_EQ(status.code(), ErrorCode::kUnsupported);
    EXPECT_THAT(status.message(), HasSubstr("cannot be opened"));
    EXPECT_EQ(graph.inputs[0].type.shape, (Shape{1, 2, 4, 4}));
  }
}

TEST(OpenDimensions, WhatIsOpenStaysWithItsNamesAndItsSource) {
  Graph graph = zoo::make("resnet18", {}).value();
  graph.source.onnx = std::make_shared<const std::string>("bytes");
  const std::vector<std::string> names = graph.inputs[0].dim_names;
  ASSERT_TRUE(open_dimensions(graph, false).ok());
  EXPECT_EQ(graph.inputs[0].dim_names, names);
  EXPECT_NE(graph.source.onnx, nullptr);
}

}  // namespace
}  // namespace ridgeline::passes
