#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model_maker.h"

namespace ridgeline::formats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Ints = std::vector<int64_t>;
using Floats = std::vector<float>;

/// x (1x4x6x6) to y by one node, which the test adds.
ModelMaker model(int64_t opset, int type = onnx::TensorProto::FLOAT) {
  return ModelMaker(opset).input("x", {1, 4, 6, 6}, type).output("y", {-1, -1, -1, -1}, type);
}

Graph parsed(const ModelMaker& maker) {
  Result<Graph> graph = maker.parse();
  EXPECT_TRUE(graph.ok()) << graph.status().message();
  return graph.ok() ? *std::move(graph) : Graph{.nodes = {Node{.inputs = {"", "", "", ""}}}};
}

Ints ints(const Graph& graph, const Node& node, size_t input) {
  const Tensor* tensor = input < node.inputs.size() ? graph.initializer(node.inputs[input]) : nullptr;
  if (tensor == nullptr || tensor->dtype() != DType::kI64) return {-999};
  return Ints(tensor->as<int64_t>().begin(), tensor->as<int64_t>().end());
}

Floats floats(const Graph& graph, const Node& node, size_t input) {
  const Tensor* tensor = input < node.inputs.size() ? graph.initializer(node.inputs[input]) : nullptr;
  if (tensor == nullptr || tensor->dtype() != DType::kF32) return {-999};
  return Floats(tensor->as<float>().begin(), tensor->as<float>().end());
}

TEST(Normalise, ClipsBoundsBecomeInputsOfTheDataType) {
  const Graph graph = parsed(model(10).node("Clip", {"x"}, {"y"}).set("max", 6.0F));
  EXPECT_FALSE(graph.nodes[0].has_input(1));
  EXPECT_THAT(floats(graph, graph.nodes[0], 2), ElementsAre(6));
  EXPECT_TRUE(graph.nodes[0].attributes.empty());
  const Graph half = parsed(model(7, onnx::TensorProto::FLOAT16)
                                .node("Relu", {"x"}, {"r"})
                                .node("Clip", {"r"}, {"y"})
                                .set("min", 0.0F));
  EXPECT_EQ(half.initializer(half.nodes[1].inputs[1])->dtype(), DType::kF16);
}

TEST(Normalise, SliceAttributesBecomeInputs) {
  const Graph graph = parsed(
      model(9).node("Slice", {"x"}, {"y"}).set("starts", Ints{1}).set("ends", Ints{3}).set("axes", Ints{2}));
  EXPECT_THAT(ints(graph, graph.nodes[0], 1), ElementsAre(1));
  EXPECT_THAT(ints(graph, graph.nodes[0], 2), ElementsAre(3));
  EXPECT_THAT(ints(graph, graph.nodes[0], 3), ElementsAre(2));
}

TEST(Normalise, AxesOfSqueezeUnsqueezeAndReduceSumBecomeInputs) {
  for (const char* op : {"Squeeze", "Unsqueeze", "ReduceSum"}) {
    const Graph graph = parsed(model(12).node(op, {"x"}, {"y"}).set("axes", Ints{0}));
    EXPECT_THAT(ints(graph, graph.nodes[0], 1), ElementsAre(0)) << op;
    EXPECT_FALSE(graph.nodes[0].has("axes")) << op;
  }
}

TEST(Normalise, ReduceMeanKeepsItsAttributeBefore18AndGetsItBackAfter) {
  const Graph older = parsed(model(13).node("ReduceMean", {"x"}, {"y"}).set("axes", Ints{2, 3}));
  EXPECT_EQ(older.nodes[0].ints_or("axes", {}), (Ints{2, 3}));
  const Graph newer = parsed(model(18).ints("axes", {2, 3}).node("ReduceMean", {"x", "axes"}, {"y"}));
  EXPECT_EQ(newer.nodes[0].ints_or("axes", {}), (Ints{2, 3}));
  EXPECT_THAT(newer.nodes[0].inputs, ElementsAre("x"));
  EXPECT_TRUE(newer.initializers.empty()) << "the axes are an attribute now";
}

TEST(Normalise, AxesKnownAtRunTimeOnlyAreRefused) {
  const Status status = model(18)
                            .input("axes", {1}, onnx::TensorProto::INT64)
                            .node("ReduceMean", {"x", "axes"}, {"y"})
                            .parse()
                            .status();
  EXPECT_EQ(status.code(), ErrorCode::kUnsupported);
  EXPECT_THAT(status.message(),
              HasSubstr("made.onnx: node 'the ReduceMean' (ReduceMean): its axes are computed"));
}

TEST(Normalise, ReducingNothingIsIdentity) {
  EXPECT_EQ(
      parsed(model(18).node("ReduceMax", {"x"}, {"y"}).set("noop_with_empty_axes", int64_t{1})).nodes[0].op,
      "Identity");
}

TEST(Normalise, SplitSizesBecomeInputsAndUnevenPartsAreSpeltOut) {
  const Graph older =
      parsed(model(11).node("Split", {"x"}, {"y", "z"}).set("axis", int64_t{1}).set("split", Ints{1, 3}));
  EXPECT_THAT(ints(older, older.nodes[0], 1), ElementsAre(1, 3));
  const Graph even = parsed(
      model(18).node("Split", {"x"}, {"y", "z"}).set("axis", int64_t{1}).set("num_outputs", int64_t{2}));
  EXPECT_EQ(even.nodes[0].inputs.size(), 1U);
  EXPECT_FALSE(even.nodes[0].has("num_outputs"));
  const Graph uneven = parsed(
      model(18).node("Split", {"x"}, {"y", "z", "w"}).set("axis", int64_t{1}).set("num_outputs", int64_t{3}));
  EXPECT_THAT(ints(uneven, uneven.nodes[0], 1), ElementsAre(2, 2, 0));
}

TEST(Normalise, PadsBecomeInputsAndSomeAxesBecomeAll) {
  const Graph older = parsed(
      model(10).node("Pad", {"x"}, {"y"}).set("pads", Ints{0, 0, 1, 1, 0, 0, 2, 2}).set("value", 3.0F));
  EXPECT_THAT(ints(older, older.nodes[0], 1), ElementsAre(0, 0, 1, 1, 0, 0, 2, 2));
  EXPECT_THAT(floats(older, older.nodes[0], 2), ElementsAre(3));
  const Graph newer =
      parsed(model(18).ints("pads", {1, 2}).ints("axes", {-1}).node("Pad", {"x", "pads", "", "axes"}, {"y"}));
  EXPECT_THAT(ints(newer, newer.nodes[0], 1), ElementsAre(0, 0, 0, 1, 0, 0, 0, 2));
  EXPECT_EQ(newer.nodes[0].inputs.size(), 2U);
}

TEST(Normalise, TopKsCountBecomesAnInput) {
  const Graph graph = parsed(model(9).node("TopK", {"x"}, {"y", "i"}).set("k", int64_t{3}));
  EXPECT_THAT(ints(graph, graph.nodes[0], 1), ElementsAre(3));
}

TEST(Normalise, DropoutAndBatchNormalizationAreThoseOfInference) {
  const Graph dropout = parsed(model(7).node("Dropout", {"x"}, {"y", "mask"}).set("ratio", 0.5F));
  EXPECT_THAT(dropout.nodes[0].outputs, ElementsAre("y"));
  EXPECT_TRUE(dropout.nodes[0].attributes.empty());
  ModelMaker norm = model(7);
  for (const char* name : {"s", "b", "m", "v"}) norm.floats(name, {1, 1, 1, 1});
  norm.node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"y", "mean", "var"}).set("spatial", int64_t{1});
  EXPECT_THAT(parsed(norm).nodes[0].outputs, ElementsAre("y"));
  EXPECT_FALSE(parsed(norm).nodes[0].has("spatial"));
}

TEST(Normalise, SoftmaxOverTheLastAxisStaysOneNode) {
  const Graph graph =
      parsed(ModelMaker(9).input("x", {1, 10}).output("y", {1, 10}).node("Softmax", {"x"}, {"y"}));
  ASSERT_EQ(graph.nodes.size(), 1U);
  EXPECT_EQ(graph.nodes[0].int_or("axis", 0), -1);
}

TEST(Normalise, SoftmaxBeforeAxesOfOneStaysOneNode) {
  const Graph graph = parsed(model(11).node("GlobalAveragePool", {"x"}, {"p"}).node("Softmax", {"p"}, {"y"}));
  ASSERT_EQ(graph.nodes.size(), 2U);
  EXPECT_EQ(graph.nodes[1].int_or("axis", 0), 1);
}

TEST(Normalise, SoftmaxOverSeveralAxesIsFlattened) {
  const Graph graph = parsed(model(12).node("LogSoftmax", {"x"}, {"y"}).set("axis", int64_t{2}));
  std::vector<std::string> ops;
  for (const Node& node : graph.nodes) ops.push_back(node.op);
  EXPECT_THAT(ops, ElementsAre("Flatten", "LogSoftmax", "Shape", "Reshape"));
  EXPECT_EQ(graph.nodes[0].int_or("axis", 0), 2);
  EXPECT_EQ(graph.nodes[1].int_or("axis", 0), -1);
  EXPECT_THAT(graph.nodes[3].outputs, ElementsAre("y"));
}

TEST(Normalise, UpsampleAndResize10SampleWithoutAnOffset) {
  const ModelMaker seven = model(7).node("Upsample", {"x"}, {"y"}).set("scales", Floats{1, 1, 2, 2});
  const ModelMaker nine = model(9).floats("s", {1, 1, 2, 2}).node("Upsample", {"x", "s"}, {"y"});
  const ModelMaker ten = model(10).floats("s", {1, 1, 2, 2}).node("Resize", {"x", "s"}, {"y"});
  for (const ModelMaker& maker : {seven, nine, ten}) {
    const Graph graph = parsed(maker);
    const Node& node = graph.nodes[0];
    EXPECT_EQ(node.op, "Resize");
    EXPECT_EQ(node.string_or("coordinate_transformation_mode", ""), "asymmetric");
    EXPECT_EQ(node.string_or("nearest_mode", ""), "floor");
    EXPECT_FALSE(node.has_input(1));
    EXPECT_THAT(floats(graph, node, 2), ElementsAre(1, 1, 2, 2));
  }
}

TEST(Normalise, Resize11LeavesEmptyInputsOutAnd18FillsUpItsAxes) {
  const Graph eleven = parsed(model(11)
                                  .floats("roi", {})
                                  .floats("none", {})
                                  .ints("sizes", {1, 4, 9, 9})
                                  .node("Resize", {"x", "roi", "none", "sizes"}, {"y"}));
  EXPECT_THAT(eleven.nodes[0].inputs, ElementsAre("x", "", "", "sizes"));
  EXPECT_EQ(eleven.initializers.size(), 1U);
  const Graph eighteen = parsed(model(18)
                                    .floats("s", {2, 3})
                                    .node("Resize", {"x", "", "s"}, {"y"})
                                    .set("axes", Ints{2, 3})
                                    .set("antialias", int64_t{0})
                                    .set("keep_aspect_ratio_policy", std::string("stretch")));
  EXPECT_THAT(floats(eighteen, eighteen.nodes[0], 2), ElementsAre(1, 1, 2, 3));
  EXPECT_TRUE(eighteen.nodes[0].attributes.empty());
}

TEST(Normalise, ScatterRoiAlignGridSampleAndDftTakeTheirSuccessorsForm) {
  ModelMaker scatter = model(10).ints("i", {0}).floats("u", {1}).node("Scatter", {"x", "i", "u"}, {"y"});
  EXPECT_EQ(parsed(scatter).nodes[0].op, "ScatterElements");
  ModelMaker roi =
      model(10).floats("r", {0, 0, 1, 1}).ints("i", {0}).node("RoiAlign", {"x", "r", "i"}, {"y"});
  EXPECT_EQ(parsed(roi).nodes[0].string_or("coordinate_transformation_mode", ""), "output_half_pixel");
  ModelMaker grid =
      model(20).floats("g", {0}).node("GridSample", {"x", "g"}, {"y"}).set("mode", std::string("linear"));
  EXPECT_EQ(parsed(grid).nodes[0].string_or("mode", ""), "bilinear");
  ModelMaker dft = model(20).ints("axis", {1}).node("DFT", {"x", "", "axis"}, {"y"});
  EXPECT_EQ(parsed(dft).nodes[0].int_or("axis", 0), 1);
}

TEST(Normalise, AttributesOf19To21AtTheirDefaultsGo) {
  EXPECT_FALSE(parsed(model(19).node("Cast", {"x"}, {"y"}).set("to", int64_t{1}).set("saturate", int64_t{1}))
                   .nodes[0]
                   .has("saturate"));
  const Graph pool = parsed(model(19)
                                .node("AveragePool", {"x"}, {"y"})
                                .set("kernel_shape", Ints{2, 2})
                                .set("dilations", Ints{1, 1}));
  EXPECT_FALSE(pool.nodes[0].has("dilations"));
  const Graph quantize = parsed(ModelMaker(21)
                                    .input("x", {4})
                                    .output("y", {4}, onnx::TensorProto::INT8)
                                    .floats("s", {1})
                                    .node("QuantizeLinear", {"x", "s"}, {"y"})
                                    .set("output_dtype", int64_t{onnx::TensorProto::INT8}));
  ASSERT_TRUE(quantize.nodes[0].has_input(2));
  EXPECT_EQ(quantize.initializer(quantize.nodes[0].inputs[2])->dtype(), DType::kI8);
}

TEST(Normalise, NewerAttributesAreCarriedButNotWritten) {
  const Graph pool = parsed(model(19)
                                .node("AveragePool", {"x"}, {"y"})
                                .set("kernel_shape", Ints{2, 2})
                                .set("dilations", Ints{2, 2}));
  EXPECT_TRUE(pool.nodes[0].has("dilations"));
  EXPECT_THAT(to_onnx(pool).status().message(), HasSubstr("attribute 'dilations' came with opset 19"));
  EXPECT_TRUE(to_onnx(pool, {.opset = 19}).ok());
}

TEST(Normalise, WhatOpset17CannotSayIsRefusedByNodeAndOp) {
  const std::vector<ModelMaker> refused = {
      model(8).node("Scan", {"x"}, {"y"}),
      model(12)
          .node("Resize", {"x"}, {"y"})
          .set("coordinate_transformation_mode", std::string("tf_half_pixel_for_nn")),
      model(7).node("BatchNormalization", {"x", "x", "x", "x", "x"}, {"y"}).set("spatial", int64_t{0}),
      model(20).floats("s", {1}).node("GroupNormalization", {"x", "s", "s"}, {"y"}),
      model(19).ints("p", {0}).node("Pad", {"x", "p"}, {"y"}).set("mode", std::string("wrap")),
      model(6).node("Add", {"x", "x"}, {"y"}),
      model(9).node("Resize", {"x", "x"}, {"y"}),
      model(9).node("RoiAlign", {"x", "x", "x"}, {"y"}),
      model(22).node("Relu", {"x"}, {"y"}),
      model(17).node("Nonsense", {"x"}, {"y"}),
  };
  for (const ModelMaker& maker : refused) {
    const Status status = maker.parse().status();
    EXPECT_EQ(status.code(), ErrorCode::kUnsupported) << status.message();
    EXPECT_THAT(status.message(), HasSubstr("made.onnx: node 'the "));
  }
}

TEST(Normalise, OlderFilesAreReadWhereTheirOpsStayedTheSame) {
  EXPECT_EQ(parsed(model(6).node("Elu", {"x"}, {"y"})).nodes[0].op, "Elu");
  EXPECT_EQ(parsed(model(1).node("Softplus", {"x"}, {"y"})).nodes[0].op, "Softplus");
}

}  // namespace
}  // namespace ridgeline::formats
