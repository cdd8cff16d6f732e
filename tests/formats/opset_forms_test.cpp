#include "formats/opset_forms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model_maker.h"

namespace ridgeline::formats {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Ints = std::vector<int64_t>;

/// x to y by one node, which the test adds.
ModelMaker model() { return ModelMaker(17).input("x", {1, 4, 6, 6}).output("y", {-1, -1, -1, -1}); }

onnx::ModelProto written(const ModelMaker& maker, int64_t opset) {
  onnx::ModelProto proto;
  const Result<std::string> bytes = to_onnx(maker.parse().value(), {.opset = opset});
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  EXPECT_TRUE(bytes.ok() && proto.ParseFromString(*bytes));
  return proto;
}

const onnx::AttributeProto* attribute(const onnx::NodeProto& node, const std::string& name) {
  for (const auto& each : node.attribute())
    if (each.name() == name) return &each;
  return nullptr;
}

std::string refusal(const ModelMaker& maker, int64_t opset) {
  const Status status = to_onnx(maker.parse().value(), {.opset = opset}).status();
  EXPECT_EQ(status.ok() ? ErrorCode::kInternal : status.code(), ErrorCode::kUnsupported);
  return status.message();
}

TEST(OpsetForms, TheFileNamesItsOpsetAndTheIrVersionThatCameWithIt) {
  const ModelMaker relu = model().node("Relu", {"x"}, {"y"});
  for (const auto& [opset, ir] :
       std::vector<std::pair<int64_t, int64_t>>{{13, 7}, {15, 8}, {19, 9}, {21, 10}}) {
    const onnx::ModelProto proto = written(relu, opset);
    EXPECT_EQ(proto.opset_import(0).version(), opset);
    EXPECT_EQ(proto.ir_version(), ir);
  }
}

TEST(OpsetForms, AxesOfReductionsAreAnInputSince18) {
  const ModelMaker mean = model().node("ReduceMean", {"x"}, {"y"}).set("axes", Ints{2, 3});
  EXPECT_NE(attribute(written(mean, 17).graph().node(0), "axes"), nullptr);
  const onnx::ModelProto newer = written(mean, 18);
  EXPECT_EQ(attribute(newer.graph().node(0), "axes"), nullptr);
  ASSERT_EQ(newer.graph().node(0).input_size(), 2);
  EXPECT_EQ(newer.graph().initializer(0).name(), newer.graph().node(0).input(1));
}

TEST(OpsetForms, EqualPartsOfSplitAreCountedSince18) {
  const ModelMaker split = model().node("Split", {"x"}, {"y", "z"}).set("axis", int64_t{1});
  EXPECT_EQ(attribute(written(split, 17).graph().node(0), "num_outputs"), nullptr);
  EXPECT_EQ(attribute(written(split, 18).graph().node(0), "num_outputs")->i(), 2);
}

TEST(OpsetForms, AttributesThatSayNothingGoWhereTheOpsetLacksThem) {
  const ModelMaker reshape =
      model().ints("to", {-1}).node("Reshape", {"x", "to"}, {"y"}).set("allowzero", int64_t{0});
  EXPECT_NE(attribute(written(reshape, 14).graph().node(0), "allowzero"), nullptr);
  EXPECT_EQ(attribute(written(reshape, 13).graph().node(0), "allowzero"), nullptr);
}

TEST(OpsetForms, WhatAnOpsetCannotSayIsRefusedByNode) {
  EXPECT_THAT(refusal(model().node("HardSwish", {"x"}, {"y"}), 13),
              AllOf(HasSubstr("the HardSwish"), HasSubstr("opset 14"), HasSubstr("opset 13")));
  EXPECT_THAT(
      refusal(model().floats("s", {1, 1, 1, 1, 1, 1}).node("LayerNormalization", {"x", "s"}, {"y"}), 16),
      AllOf(HasSubstr("LayerNormalization"), HasSubstr("opset 17")));
  EXPECT_THAT(
      refusal(model().ints("to", {0, -1}).node("Reshape", {"x", "to"}, {"y"}).set("allowzero", int64_t{1}),
              13),
      AllOf(HasSubstr("allowzero"), HasSubstr("opset 14")));
  EXPECT_THAT(refusal(model().node("Shape", {"x"}, {"y"}).set("start", int64_t{1}), 14),
              HasSubstr("'start'"));
  EXPECT_THAT(
      refusal(
          model().floats("boxes", {0, 0, 1, 1}).ints("of", {0}).node("RoiAlign", {"x", "boxes", "of"}, {"y"}),
          15),
      HasSubstr("half_pixel"));
}

}  // namespace
}  // namespace ridgeline::formats
