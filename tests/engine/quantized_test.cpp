// Quantised models computed on integers, against the same as their floats are written, and against ONNX
// Runtime where that is here.

#include <algorithm>
#include <array>
#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/cpu_features.h"
#include "engine/native/explain.h"
#include "engine/registry.h"
#include "kernels/bytes/conv.h"
#include "quantized_graph.h"

namespace ridgeline {
namespace {

using ::testing::HasSubstr;
using Outputs = std::vector<std::vector<float>>;

constexpr std::array<WritingStyle, 4> kStyles = {
    {{},
     {.by_channel = false, .shares_dequantised = false},
     {.activations = DType::kI8},
     {.by_channel = false, .activations = DType::kI8, .weights = DType::kU8}}};

Tensor images_of(const Graph& graph) {
  Tensor images = Tensor::zeros(DType::kF32, *graph.inputs[0].type.shape).value();
  Rng rng(3);
  for (float& value : images.as<float>()) value = static_cast<float>(rng.normal());
  return images;
}

Outputs copied(std::span<const TensorView> out) {
  Outputs all;
  for (const TensorView& view : out) all.emplace_back(view.as<float>().begin(), view.as<float>().end());
  return all;
}

Result<Outputs> run(const Graph& graph, std::string_view engine, Precision precision) {
  const EngineRegistry registry;
  ASSIGN_OR_RETURN(const Engine* found, registry.find(engine));
  ASSIGN_OR_RETURN(const auto session, found->compile(graph, {.precision = precision, .threads = 2}));
  const Tensor images = images_of(graph);
  const std::array in = {images.view()};
  std::vector<TensorView> out(graph.outputs.size());
  RETURN_IF_ERROR(session->run(in, out));
  return copied(out);
}

const native::PlanOptions kReference{
    .threads = 2, .precision = Precision::kInt8, .int8 = native::Int8Kernels::kReference};

const native::PlanOptions kOnBytes{
    .threads = 2, .precision = Precision::kInt8, .int8 = native::Int8Kernels::kBytes};

/// On integers, whatever this CPU does fastest.
Result<Outputs> run_in_integers(const Graph& graph, const native::PlanOptions& options = kReference) {
  ASSIGN_OR_RETURN(native::Plan plan, native::make_plan(graph, options));
  const Tensor images = images_of(graph);
  const std::array in = {images.view()};
  ThreadPool pool(2);
  RETURN_IF_ERROR(plan.run(in, pool));
  RETURN_IF_ERROR(plan.run(in, pool));  // a second run meets the arena as the first left it
  std::vector<TensorView> out;
  for (const size_t slot : plan.outputs) out.push_back(plan.slots[slot]);
  return copied(out);
}

/// How far apart two runs are, in steps of their outputs.
struct Distance {
  double most = 0, share = 0;  ///< of one element; of elements that differ, but for two
};
Distance distance(const Outputs& a, const Outputs& b, const std::vector<float>& steps) {
  Distance found;
  size_t count = 0, different = 0;
  for (size_t i = 0; i < a.size(); ++i)
    for (size_t j = 0; j < a[i].size(); ++j, ++count) {
      const double apart = std::abs(double{a[i][j]} - double{b[i][j]}) / steps[i];
      found.most = std::max(found.most, apart);
      different += apart > 0.5 ? 1 : 0;
    }
  constexpr size_t kByChance = 2;  // of few elements
  found.share = static_cast<double>(different - std::min(different, kByChance)) / static_cast<double>(count);
  return found;
}

std::vector<std::string> ops_of(const Graph& graph, const native::PlanOptions& options) {
  std::vector<std::string> ops;
  const auto plan = native::explain(graph, options);
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  for (const native::PlannedStep& step : plan->steps) ops.push_back(step.op);
  return ops;
}

TEST(QuantizedModels, EachNodeOnIntegersIsWithinAStepOfItsFloats) {
  for (size_t style = 0; style < kStyles.size(); ++style)
    for (size_t kind = 0; kind < QuantizedGraphMaker::kKinds; ++kind)
      for (uint64_t seed = 0; seed < 4; ++seed) {
        QuantizedGraphMaker maker(1000 * style + 100 * kind + seed, kStyles[style]);
        maker.grow(kind);
        const Graph graph = maker.finish(1);
        const auto whole = run_in_integers(graph), floats = run(graph, "native", Precision::kFp32);
        ASSERT_TRUE(whole.ok()) << whole.status().message();
        ASSERT_TRUE(floats.ok()) << floats.status().message();
        const Distance apart = distance(*whole, *floats, maker.output_steps());
        EXPECT_LE(apart.most, 1.001) << "style " << style << ", kind " << kind << ", seed " << seed;
        EXPECT_LE(apart.share, 0.005) << "style " << style << ", kind " << kind << ", seed " << seed;
      }
}

TEST(QuantizedModels, NetworksByChanceStayCloseToTheirFloats) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    QuantizedGraphMaker maker(seed, kStyles[seed % kStyles.size()]);
    for (int i = 0; i < 10; ++i) maker.grow(maker.any_kind());
    const Graph graph = maker.finish(3);
    const auto whole = run_in_integers(graph), floats = run(graph, "native", Precision::kFp32);
    ASSERT_TRUE(whole.ok()) << seed << ": " << whole.status().message();
    ASSERT_TRUE(floats.ok()) << seed << ": " << floats.status().message();
    const Distance apart = distance(*whole, *floats, maker.output_steps());
    EXPECT_LE(apart.most, 2.001) << seed;
    EXPECT_LE(apart.share, 0.02) << seed;
  }
}

TEST(QuantizedModels, EachNodeOnBytesGivesTheReferencesBits) {
  for (size_t style = 0; style < kStyles.size(); ++style)
    for (size_t kind = 0; kind < QuantizedGraphMaker::kKinds; ++kind)
      for (uint64_t seed = 0; seed < 4; ++seed) {
        QuantizedGraphMaker maker(1000 * style + 100 * kind + seed, kStyles[style]);
        maker.grow(kind);
        const Graph graph = maker.finish(1);
        const auto bytes = run_in_integers(graph, kOnBytes), whole = run_in_integers(graph);
        ASSERT_TRUE(bytes.ok()) << bytes.status().message();
        ASSERT_TRUE(whole.ok()) << whole.status().message();
        EXPECT_EQ(*bytes, *whole) << "style " << style << ", kind " << kind << ", seed " << seed;
      }
}

TEST(QuantizedModels, NetworksByChanceOnBytesGiveTheReferencesBits) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    QuantizedGraphMaker maker(seed, kStyles[seed % kStyles.size()]);
    for (int i = 0; i < 10; ++i) maker.grow(maker.any_kind());
    const Graph graph = maker.finish(3);
    const auto bytes = run_in_integers(graph, kOnBytes), whole = run_in_integers(graph);
    ASSERT_TRUE(bytes.ok()) << seed << ": " << bytes.status().message();
    ASSERT_TRUE(whole.ok()) << seed << ": " << whole.status().message();
    EXPECT_EQ(*bytes, *whole) << seed;
  }
}

TEST(QuantizedModels, NothingBetweenIntegersIsLeftInFloats) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    QuantizedGraphMaker maker(500 + seed, kStyles[seed % kStyles.size()]);
    for (int i = 0; i < 10; ++i) maker.grow(maker.any_kind());
    const Graph graph = maker.finish(3);
    for (const native::PlanOptions& options : {kReference, kOnBytes}) {
      int quantized = 0, dequantized = 0;
      for (const std::string& op : ops_of(graph, options)) {
        quantized += op == "QuantizeLinear" ? 1 : 0;
        dequantized += op == "DequantizeLinear" ? 1 : 0;
        EXPECT_THAT(
            (std::vector<std::string>{"Conv", "FusedConv", "Gemm", "MatMul", "Add", "Sigmoid", "Relu"}),
            ::testing::Not(::testing::Contains(op)))
            << seed;
      }
      EXPECT_EQ(quantized, 1) << seed;
      EXPECT_EQ(dequantized, 3) << seed;
    }
  }
}

/// Without VNNI, ONNX Runtime's sums of two products saturate at 16 bits: weights of 6 bits keep clear of
/// that.
TEST(QuantizedModels, GiveWhatOnnxRuntimeGives) {
  const EngineRegistry registry;
  if (const Capabilities peer = (*registry.find("onnxruntime"))->probe(); !peer.available)
    GTEST_SKIP() << peer.reason;
  for (uint64_t seed = 0; seed < 12; ++seed) {
    WritingStyle style = kStyles[seed % 3];
    style.weight_limit = 63;
    QuantizedGraphMaker maker(200 + seed, style);
    for (int i = 0; i < 8; ++i) maker.grow(maker.any_kind());
    const Graph graph = maker.finish(2);
    const auto theirs = run(graph, "onnxruntime", Precision::kInt8);
    ASSERT_TRUE(theirs.ok()) << seed << ": " << theirs.status().message();
    for (const auto& ours : {run_in_integers(graph), run(graph, "native", Precision::kInt8)}) {
      ASSERT_TRUE(ours.ok()) << seed << ": " << ours.status().message();
      const Distance apart = distance(*ours, *theirs, maker.output_steps());
      EXPECT_LE(apart.most, 2.001) << seed;
      EXPECT_LE(apart.share, 0.02) << seed;
    }
  }
}

/// What an INT8 session runs.
native::Explanation plan_at_int8(const Graph& graph) {
  auto plan = native::explain(graph, {.threads = 2, .precision = Precision::kInt8});
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  return plan.ok() ? std::move(*plan) : native::Explanation{};
}

/// A convolution of so many groups between integers.
Graph one_conv(int64_t groups) {
  const auto tensor = [](auto values, Shape shape) {
    using T = typename decltype(values)::value_type;
    return Tensor::from_values<T>(std::move(shape), std::span<const T>(values)).value();
  };
  Graph graph;
  graph.inputs = {{"x", {DType::kF32, Shape{1, 8, 4, 4}}, {}}};
  graph.outputs = {{"y", {DType::kF32, std::nullopt}, {}}};
  graph.initializers["scale"] = tensor(std::vector<float>{0.02F}, {});
  graph.initializers["zero"] = tensor(std::vector<uint8_t>{128}, {});
  graph.initializers["none"] = tensor(std::vector<int8_t>{0}, {});
  graph.initializers["w"] =
      tensor(std::vector<int8_t>(static_cast<size_t>(64 / groups), 3), {8, 8 / groups, 1, 1});
  const auto add = [&](const std::string& op, std::vector<std::string> inputs, const std::string& output) {
    graph.nodes.push_back({.name = output, .op = op, .inputs = std::move(inputs), .outputs = {output}});
  };
  add("QuantizeLinear", {"x", "scale", "zero"}, "x8");
  add("DequantizeLinear", {"x8", "scale", "zero"}, "xf");
  add("DequantizeLinear", {"w", "scale", "none"}, "wf");
  add("Conv", {"xf", "wf"}, "c");
  graph.nodes.back().attributes["group"] = groups;
  add("QuantizeLinear", {"c", "scale", "zero"}, "c8");
  add("DequantizeLinear", {"c8", "scale", "zero"}, "y");
  return graph;
}

const native::PlannedStep& conv_of(const native::Explanation& plan) {
  const auto found = std::ranges::find_if(
      plan.steps, [](const native::PlannedStep& step) { return step.op.ends_with("Conv"); });
  EXPECT_NE(found, plan.steps.end());
  return *found;
}

TEST(QuantizedModels, AreComputedOnBytesWhereTheCpuIsFastAtItAndSayWhyElse) {
  const native::Explanation plan = plan_at_int8(one_conv(1));
  const native::PlannedStep& conv = conv_of(plan);
  const Status fast = kernels::bytes::are_fast(usable_cpu_features().value());
  if (fast.ok()) {
    EXPECT_EQ(conv.op, "QuantizedConv");
    EXPECT_THAT(conv.kernel, ::testing::StartsWith("bytes_a"));
    return;
  }
  EXPECT_EQ(conv.op, "FusedConv");
  ASSERT_FALSE(conv.refusals.empty());
  EXPECT_EQ(conv.refusals[0].impl, "bytes");
  EXPECT_EQ(conv.refusals[0].reason, fast.message());
}

TEST(QuantizedModels, WithALayerThatBytesHaveNoKernelForStayInFloatsAndNameIt) {
  if (const Status fast = kernels::bytes::are_fast(usable_cpu_features().value()); !fast.ok())
    GTEST_SKIP() << fast.message();
  const native::Explanation plan = plan_at_int8(one_conv(2));
  const native::PlannedStep& conv = conv_of(plan);
  EXPECT_EQ(conv.op, "FusedConv");
  ASSERT_FALSE(conv.refusals.empty());
  EXPECT_EQ(conv.refusals[0].reason, "has no kernel for c");
}

TEST(QuantizedModels, AreWhatInt8Needs) {
  const EngineRegistry registry;
  const Engine& native = **registry.find("native");
  Graph graph;
  graph.inputs = {{"x", {DType::kF32, Shape{1, 4}}, {}}};
  graph.outputs = {{"y", {DType::kF32, Shape{1, 4}}, {}}};
  graph.nodes = {{.name = "relu", .op = "Relu", .inputs = {"x"}, .outputs = {"y"}}};
  EXPECT_THAT(native.supports(graph, {.precision = Precision::kInt8}).message(),
              HasSubstr("needs a quantized model"));
}

}  // namespace
}  // namespace ridgeline
