#include <filesystem>
#include <gtest/gtest.h>

#include "formats/onnx.h"
#include "graph/infer.h"
#include "graph/zoo/zoo.h"
#include "same_graph.h"

namespace ridgeline::formats {
namespace {

/// Conv with weights, bias and a dynamic batch.
Graph small_conv() {
  Graph graph{.name = "small"};
  graph.inputs = {
      {.name = "x", .type = {DType::kF32, Shape{-1, 3, 8, 8}}, .dim_names = {"batch", "", "", ""}}};
  graph.outputs = {
      {.name = "y", .type = {DType::kF32, Shape{-1, 4, 8, 8}}, .dim_names = {"batch", "", "", ""}}};
  const std::vector<float> weights(4 * 3 * 3 * 3, 0.25F);
  graph.initializers.emplace("w", Tensor::from_values(Shape{4, 3, 3, 3}, std::span(weights)).value());
  graph.initializers.emplace("b", Tensor::zeros(DType::kF32, {4}).value());
  graph.nodes = {{.name = "conv",
                  .op = "Conv",
                  .inputs = {"x", "w", "b"},
                  .outputs = {"y"},
                  .attributes = {{"pads", std::vector<int64_t>{1, 1, 1, 1}}}}};
  graph.metadata = {{"license", "Apache-2.0"}};
  return graph;
}

TEST(OnnxRoundTrip, AGraphWithWeightsDynamicBatchAndMetadataComesBackTheSame) {
  const Graph graph = small_conv();
  const Result<std::string> bytes = to_onnx(graph);
  ASSERT_TRUE(bytes.ok()) << bytes.status().message();
  const Result<Graph> again = parse_onnx(*bytes, "small.onnx");
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(difference(graph, *again), "");
  EXPECT_EQ(*again->source.onnx, *bytes);
}

TEST(OnnxRoundTrip, ModelsOfTheZooComeBackTheSame) {
  struct Case {
    std::string name;
    zoo::ZooOptions options;
  };
  const std::vector<Case> cases = {{"resnet18", {}},
                                   {"resnet18", {.projection = 32, .dynamic_size = true}},
                                   {"resnet50", {.num_classes = 10}},
                                   {"lenet", {.num_classes = 5}},
                                   {"mobilenet_v2", {.projection = 8}},
                                   {"unet", {}},
                                   {"ssd_head", {.dynamic_size = true}}};
  for (const auto& [name, options] : cases) {
    const Result<Graph> graph = zoo::make(name, options);
    ASSERT_TRUE(graph.ok()) << graph.status().message();
    const Result<std::string> bytes = to_onnx(*graph);
    ASSERT_TRUE(bytes.ok()) << bytes.status().message();
    const Result<Graph> again = parse_onnx(*bytes, name);
    ASSERT_TRUE(again.ok()) << again.status().message();
    EXPECT_EQ(difference(*graph, *again), "") << name;
  }
}

TEST(OnnxRoundTrip, ModelsOfTheZooComeBackTheSameFromEveryOpset) {
  for (const std::string name : {"lenet", "resnet18", "mobilenet_v2"}) {
    const Graph graph = zoo::make(name, {}).value();
    for (int64_t opset = kOldestWrittenOpset; opset <= kMaxOpset; ++opset) {
      const Result<std::string> bytes = to_onnx(graph, {.opset = opset});
      ASSERT_TRUE(bytes.ok()) << bytes.status().message();
      const Result<Graph> again = parse_onnx(*bytes, name);
      ASSERT_TRUE(again.ok()) << again.status().message();
      EXPECT_EQ(difference(graph, *again), "") << name << " at " << opset;
    }
  }
}

TEST(OnnxRoundTrip, OutputsWithoutAShapeGetTheOneThatFollows) {
  Graph graph = small_conv();
  graph.outputs[0].type.shape.reset();
  graph.outputs[0].dim_names.clear();
  const Result<Graph> again = parse_onnx(to_onnx(graph).value(), "small.onnx");
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again->outputs[0].type.shape, (Shape{-1, 4, 8, 8}));
}

TEST(OnnxRoundTrip, WeightsPastTheLimitGoToAFileBesideAndComeBack) {
  const auto directory = std::filesystem::path(testing::TempDir()) / "external";
  std::filesystem::create_directories(directory);
  const std::string path = (directory / "big.onnx").string();
  Graph graph = small_conv();
  graph.initializers.insert_or_assign("w", Tensor::zeros(DType::kF32, {64, 3, 3, 3}).value());
  const ExportOptions small{.max_inline_bytes = 4096};
  EXPECT_EQ(to_onnx(graph, small).status().code(), ErrorCode::kInvalidArgument);
  ASSERT_TRUE(save_onnx(graph, path, small).ok());
  EXPECT_LE(std::filesystem::file_size(path), 4096U);
  const Result<Graph> again = load_onnx(path);
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(difference(graph, *again), "");
  EXPECT_TRUE(again->source.has_external_data);
  EXPECT_EQ(again->source.path, path);
}

TEST(OnnxRoundTrip, OurFusedOpsAndOtherOpsetsAreRefused) {
  Graph graph = small_conv();
  for (const int64_t opset : {12, 22})
    EXPECT_NE(to_onnx(graph, {.opset = opset}).status().message().find(fmt::format("opset {}", opset)),
              std::string::npos);
  graph.nodes[0].op = "FusedConv";
  graph.nodes[0].domain = "ridgeline";
  const Status refused = to_onnx(graph).status();
  EXPECT_EQ(refused.code(), ErrorCode::kUnsupported);
  EXPECT_NE(refused.message().find("FusedConv 'conv'"), std::string::npos);
}

}  // namespace
}  // namespace ridgeline::formats
