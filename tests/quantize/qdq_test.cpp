#include "quantize/qdq.h"

#include <algorithm>
#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

#include "engine/native/native_engine.h"
#include "formats/onnx.h"
#include "graph/infer.h"
#include "quantize/small_model.h"

namespace ridgeline::quantize {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

const Node& maker_of(const Graph& graph, const std::string& value) {
  const auto node =
      std::ranges::find_if(graph.nodes, [&](const Node& one) { return one.outputs[0] == value; });
  EXPECT_NE(node, graph.nodes.end()) << value;
  return *node;
}

const Node& named(const Graph& graph, const std::string& name) {
  const auto node = std::ranges::find(graph.nodes, name, &Node::name);
  EXPECT_NE(node, graph.nodes.end()) << name;
  return *node;
}

int64_t count_of(const Graph& graph, std::string_view op) {
  return std::ranges::count(graph.nodes, op, &Node::op);
}

Graph quantized(const Graph& model, const std::set<std::string>& float_layers = {}) {
  auto written = write_qdq(model, ranges_of_small_model(), float_layers);
  EXPECT_TRUE(written.ok()) << written.status().message();
  return *written;
}

TEST(Plan, LayersReadPointsAndConvolutionsEndInOneBehindTheirActivation) {
  const Plan made = plan(small_model(), {});
  EXPECT_THAT(made.points,
              UnorderedElementsAre(std::pair("x", "x"), std::pair("r1", "r1"), std::pair("p", "r1"),
                                   std::pair("c2", "c2"), std::pair("s", "s"), std::pair("g", "g"),
                                   std::pair("f", "g")));
}

TEST(Plan, NothingIsHeldIn8BitsForFloatLayersAlone) {
  EXPECT_THAT(plan(small_model(), {"conv1", "conv2", "fc"}).points, ::testing::IsEmpty());
  // conv1 in float: the pool behind it is no longer between 8-bit values, but conv2 still reads one.
  EXPECT_THAT(plan(small_model(), {"conv1"}).points, Contains(std::pair("p", "p")));
  // fc in float: nothing asks for the pool over the whole image in 8 bits.
  EXPECT_THAT(plan(small_model(), {"fc"}).points, Not(Contains(std::pair("g", "g"))));
}

TEST(Plan, WhateverIsLeftInFloatNeedsNoRangeThatWasNotObserved) {
  const std::vector<std::string> observed = values_to_observe(small_model());
  const std::vector<std::string> layers = {"conv1", "conv2", "fc"};
  for (unsigned mask = 0; mask < 8; ++mask) {
    std::set<std::string> float_layers;
    for (size_t i = 0; i < layers.size(); ++i)
      if ((mask >> i & 1U) != 0) float_layers.insert(layers[i]);
    std::set<std::string> needed;
    for (const auto& [value, range_of] : plan(small_model(), float_layers).points) needed.insert(range_of);
    EXPECT_THAT(observed, IsSupersetOf(needed)) << mask;
  }
}

TEST(Qdq, WeightsComeBackWithinHalfAStep) {
  const Graph model = small_model();
  const Graph graph = quantized(model);
  for (const char* layer : {"conv1", "conv2", "fc"}) {
    const Tensor weights = *model.initializer(named(model, layer).inputs[1]);
    const Node& dequantize = maker_of(graph, named(graph, layer).inputs[1]);
    const Tensor integers = *graph.initializer(dequantize.inputs[0]);
    const Tensor scales = *graph.initializer(dequantize.inputs[1]);
    ASSERT_EQ(integers.dtype(), DType::kI8);
    const auto axis = static_cast<size_t>(dequantize.int_or("axis", 1));
    ASSERT_EQ(scales.element_count(), weights.shape()[axis]);
    const size_t inner = axis == 1 ? 1 : static_cast<size_t>(weights.element_count() / weights.shape()[0]);
    for (size_t i = 0; i < weights.as<float>().size(); ++i) {
      const float scale = scales.as<float>()[i / inner % scales.as<float>().size()];
      const double error =
          std::abs(double{weights.as<float>()[i]} - double{scale} * integers.as<int8_t>()[i]);
      EXPECT_LE(error, 0.5001 * scale);
      EXPECT_GE(integers.as<int8_t>()[i], -127);
    }
  }
}

TEST(Qdq, BiasesAreIntegersAtTheProductOfBothScales) {
  const Graph model = small_model();
  const Graph graph = quantized(model);
  const Node& conv = named(graph, "conv1");
  const Tensor input_scale = *graph.initializer(maker_of(graph, conv.inputs[0]).inputs[1]);
  const Tensor weight_scale = *graph.initializer(maker_of(graph, conv.inputs[1]).inputs[1]);
  const Node& dequantize = maker_of(graph, conv.inputs[2]);
  const Tensor integers = *graph.initializer(dequantize.inputs[0]);
  ASSERT_EQ(integers.dtype(), DType::kI32);
  EXPECT_EQ(dequantize.int_or("axis", 1), 0);
  for (size_t i = 0; i < 4; ++i) {
    const float scale = graph.initializer(dequantize.inputs[1])->as<float>()[i];
    EXPECT_FLOAT_EQ(scale, input_scale.as<float>()[0] * weight_scale.as<float>()[i]);
    const double bias = model.initializer("b1")->as<float>()[i];
    EXPECT_LE(std::abs(bias - double{scale} * integers.as<int32_t>()[i]), 0.5001 * scale);
  }
}

TEST(Qdq, AChannelOfVerySmallWeightsKeepsItsBias) {
  Graph model = small_model();
  Tensor weights = Tensor::zeros(DType::kF32, {4, 3, 3, 3}).value();
  weights.as<float>()[0] = 1e-20F;  // channel 0: its own scale would take the bias past 31 bits
  weights.as<float>()[27] = 1.0F;
  model.initializers["w1"] = weights;
  const Graph graph = quantized(model);
  const Node& dequantize = maker_of(graph, named(graph, "conv1").inputs[2]);
  for (size_t i = 0; i < 4; ++i) {
    const double bias = model.initializer("b1")->as<float>()[i];
    const float scale = graph.initializer(dequantize.inputs[1])->as<float>()[i];
    const double back = double{scale} * graph.initializer(dequantize.inputs[0])->as<int32_t>()[i];
    EXPECT_LE(std::abs(back - bias), 0.5001 * scale) << i;
  }
}

TEST(Qdq, AFloatLayerKeepsItsWeightsAsTheyWere) {
  const Graph model = small_model();
  const Graph graph = quantized(model, {"conv2"});
  EXPECT_EQ(named(graph, "conv2").inputs[1], "w2");
  EXPECT_EQ(graph.initializer("w2")->data(), model.initializer("w2")->data());
  EXPECT_EQ(graph.initializer("w1"), nullptr);
}

TEST(Qdq, ReluNeedsNoZeroPoint) {
  const Graph graph = quantized(small_model());
  const Node& dequantize = maker_of(graph, named(graph, "pool").inputs[0]);
  EXPECT_EQ(graph.initializer(dequantize.inputs[2])->as<uint8_t>()[0], 0);
}

TEST(Qdq, MovesShareTheScaleOfWhatTheyMove) {
  const Graph graph = quantized(small_model());
  const Node& in = maker_of(graph, named(graph, "pool").inputs[0]);
  const Node& out = maker_of(graph, named(graph, "conv2").inputs[0]);
  EXPECT_EQ(graph.initializer(in.inputs[1])->as<float>()[0],
            graph.initializer(out.inputs[1])->as<float>()[0]);
}

TEST(Qdq, IsAModelThatComputesNearlyTheSame) {
  const Graph model = small_model();
  const std::vector<Tensor> before = run_small_model(model);
  const std::vector<Tensor> after = run_small_model(quantized(model));
  double signal = 0, noise = 0;
  for (size_t i = 0; i < before[0].as<float>().size(); ++i) {
    signal += std::pow(before[0].as<float>()[i], 2);
    noise += std::pow(before[0].as<float>()[i] - after[0].as<float>()[i], 2);
  }
  EXPECT_GT(noise, 0);
  EXPECT_LT(noise, signal * 1e-3);
  const std::vector<Tensor> none = run_small_model(quantized(model, {"conv1", "conv2", "fc"}));
  EXPECT_TRUE(std::ranges::equal(none[0].as<float>(), before[0].as<float>()));
}

TEST(Qdq, SurvivesTheRoundTripThroughOnnx) {
  const Graph graph = quantized(small_model());
  const auto bytes = formats::to_onnx(graph);
  ASSERT_TRUE(bytes.ok()) << bytes.status().message();
  const auto again = formats::parse_onnx(*bytes, "small.int8.onnx");
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(count_of(*again, "QuantizeLinear"), 7);
  EXPECT_EQ(count_of(*again, "DequantizeLinear"), 7 + 3 + 2);
  EXPECT_TRUE(infer_types(*again).ok());
}

TEST(Qdq, RefusesWeightsThatAreNotNumbersAndRangesThatAreMissing) {
  Graph model = small_model();
  EXPECT_THAT(write_qdq(model, {}, {}).status().message(), HasSubstr("no range is known for 'x'"));
  Tensor weights = Tensor::zeros(DType::kF32, {4, 3, 3, 3}).value();
  weights.as<float>()[5] = std::numeric_limits<float>::quiet_NaN();
  model.initializers["w1"] = weights;
  const Status status = write_qdq(model, ranges_of_small_model(), {}).status();
  EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("Conv 'conv1': a NaN or an infinity"));
}

}  // namespace
}  // namespace ridgeline::quantize
