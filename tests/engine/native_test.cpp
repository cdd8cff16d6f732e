// The native engine against ONNX Runtime where that is here; the null engine.

#include <algorithm>
#include <array>
#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rng.h"
#include "engine/agreement.h"
#include "engine/native/explain.h"
#include "engine/registry.h"
#include "graph/zoo/zoo.h"
#include "in_lines.h"

namespace ridgeline {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::Pointwise;

Tensor noise(const Shape& shape) {
  Tensor tensor = Tensor::zeros(DType::kF32, shape).value();
  Rng rng(7);
  for (float& element : tensor.as<float>()) element = static_cast<float>(rng.normal());
  return tensor;
}

Result<std::vector<float>> outputs_of(const Engine& engine, const Graph& graph, const Tensor& image,
                                      int threads, Precision precision = Precision::kFp32) {
  ASSIGN_OR_RETURN(const auto session, engine.compile(graph, {.precision = precision,
                                                              .threads = threads,
                                                              .input_shapes = {{"input", image.shape()}}}));
  const std::array in = {image.view()};
  std::vector<TensorView> out(graph.outputs.size());
  RETURN_IF_ERROR(session->run(in, out));
  RETURN_IF_ERROR(session->run(in, out));  // a second run meets the arena as the first left it
  std::vector<float> all;
  for (const TensorView& each : out) {
    const auto values = each.as<float>();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

/// Within fp32's bound: 1e-4 of the largest output.
void expect_near(const std::vector<float>& got, const std::vector<float>& expected) {
  float scale = 0;
  for (const float value : expected) scale = std::max(scale, std::abs(value));
  EXPECT_GT(scale, 0);
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-4 * scale) << i;
}

struct ParityCase {
  std::string model;
  int64_t size;
};
class NativeParity : public ::testing::TestWithParam<ParityCase> {};

TEST_P(NativeParity, AgreesWithOnnxRuntimeAndWithItselfOnOtherThreadCounts) {
  const EngineRegistry registry;
  const Engine& native = **registry.find("native");
  const Graph graph = zoo::make(GetParam().model, {.num_classes = 10, .image_size = GetParam().size}).value();
  const Tensor image = noise({2, 3, GetParam().size, GetParam().size});
  const Result<std::vector<float>> two = outputs_of(native, graph, image, 2);
  ASSERT_TRUE(two.ok()) << two.status().message();
  EXPECT_EQ(*two, *outputs_of(native, graph, image, 1));

  const Engine& onnxruntime = **registry.find("onnxruntime");
  if (const Capabilities peer = onnxruntime.probe(); !peer.available) GTEST_SKIP() << peer.reason;
  const Result<std::vector<float>> expected = outputs_of(onnxruntime, graph, image, 2);
  ASSERT_TRUE(expected.ok()) << expected.status().message();
  expect_near(*two, *expected);
}

TEST_P(NativeParity, OfReferenceKernelsAgreesWithThatOfFastOnes) {
  constexpr int64_t kSize = 32;
  const EngineRegistry registry;
  const Engine& native = **registry.find("native");
  const Graph graph = zoo::make(GetParam().model, {.num_classes = 10, .image_size = kSize}).value();
  const Tensor image = noise({1, 3, kSize, kSize});
  const Result<std::vector<float>> fast = outputs_of(native, graph, image, 2);
  setenv("RIDGELINE_CPU", "ref", 1);
  const Result<std::vector<float>> plain = outputs_of(native, graph, image, 2);
  unsetenv("RIDGELINE_CPU");
  ASSERT_TRUE(plain.ok()) << plain.status().message();
  expect_near(*fast, *plain);
}

std::vector<Tensor> row_of(const std::vector<float>& values) {
  return {Tensor::from_values<float>({1, static_cast<int64_t>(values.size())}, values).value()};
}

TEST_P(NativeParity, NarrowerNumbersStayWithinTheirBoundOfFp32) {
  const EngineRegistry registry;
  const Engine& native = **registry.find("native");
  const Graph graph = zoo::make(GetParam().model, {.num_classes = 10, .image_size = GetParam().size}).value();
  const Tensor image = noise({2, 3, GetParam().size, GetParam().size});
  const std::vector<float> fp32 = outputs_of(native, graph, image, 2).value();
  for (const Precision precision : {Precision::kBf16, Precision::kBf16x3}) {
    const Result<std::vector<float>> chosen = outputs_of(native, graph, image, 2, precision),
                                     lines = outputs_in_lines(graph, image, 2, precision);
    ASSERT_TRUE(chosen.ok() && lines.ok()) << chosen.status().message() << lines.status().message();
    EXPECT_NE(*lines, fp32) << "numbers must round";
    for (const auto* narrow : {&*chosen, &*lines}) {
      const Agreement agreement = compare_outputs(row_of(fp32), row_of(*narrow)).value();
      const Status agreed = check_agreement(agreement, precision);
      EXPECT_TRUE(agreed.ok()) << agreed.message();
    }
  }
}

TEST(NativeEngine, ComputesInFp32WhereNarrowNumbersAreSlowerAndSaysWhy) {
  setenv("RIDGELINE_CPU", "avx2", 1);
  const Graph graph = zoo::make("lenet", {.num_classes = 10, .image_size = 32}).value();
  for (const Precision precision : {Precision::kBf16, Precision::kBf16x3}) {
    const auto plan =
        native::explain(graph, {.input_shapes = {{"input", {1, 3, 32, 32}}}, .precision = precision});
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    const auto conv =
        std::ranges::find_if(plan->steps, [](const auto& step) { return step.op.ends_with("Conv"); });
    ASSERT_NE(conv, plan->steps.end());
    ASSERT_FALSE(conv->refusals.empty());
    EXPECT_EQ(conv->refusals[0].impl, "lines");
    EXPECT_EQ(conv->refusals[0].reason,
              precision == Precision::kBf16 ? "needs avx512_bf16" : "needs amx_bf16");
  }
  unsetenv("RIDGELINE_CPU");
}

INSTANTIATE_TEST_SUITE_P(Zoo, NativeParity,
                         ::testing::Values(ParityCase{"lenet", 64}, ParityCase{"resnet18", 64},
                                           ParityCase{"resnet50", 32}, ParityCase{"vgg16", 32},
                                           ParityCase{"mobilenet_v2", 64},
                                           ParityCase{"mobilenet_v3_large", 64},
                                           ParityCase{"efficientnet_b0", 64}, ParityCase{"squeezenet1_1", 64},
                                           ParityCase{"densenet121", 64}, ParityCase{"unet", 32},
                                           ParityCase{"ssd_head", 64}));

TEST(NativeEngine, ProfilesEveryFusedOperatorByItsNodeAndTellsItsMemory) {
  const EngineRegistry registry;
  const Graph graph = zoo::make("lenet", {.num_classes = 10, .image_size = 32}).value();
  const Tensor image = noise({1, 3, 32, 32});
  const auto session =
      (*registry.find("native"))->compile(graph, {.input_shapes = {{"input", image.shape()}}}).value();
  const std::array in = {image.view()};
  const std::vector<OpTime> times = session->profile(in, 3).value();
  std::vector<std::string> names;
  for (const OpTime& time : times) {
    names.push_back(time.name);
    EXPECT_GT(time.mean_us, 0) << time.name;
  }
  EXPECT_THAT(names, ElementsAre("conv1+relu1", "conv2+relu2", "conv3+relu3", "conv4+relu4", "conv5+relu5",
                                 "relu5.out", "flatten", "clf"));  // blocks are turned to planes there
  EXPECT_GE(session->memory().weights_bytes, graph.parameter_count() * 4);
}

/// x, or x through integers and back, convolved with weights of whole steps.
Graph conv_of_whole_steps(bool is_quantised) {
  Graph graph;
  graph.inputs = {{"x", {DType::kF32, Shape{1, 4, 9, 9}}, {}}};
  graph.outputs = {{"y", {DType::kF32, Shape{1, 6, 9, 9}}, {}}};
  const std::vector<float> scales = {0.25F, 0.5F, 1, 2, 4, 8}, quarter = {0.25F};
  const std::vector<uint8_t> middle = {128};
  Tensor steps = Tensor::zeros(DType::kI8, {6, 4, 3, 3}).value();
  Tensor weights = Tensor::zeros(DType::kF32, steps.shape()).value();
  for (size_t i = 0; i < 216; ++i) {
    steps.as<int8_t>()[i] = static_cast<int8_t>(i * 37 % 256);
    weights.as<float>()[i] = steps.as<int8_t>()[i] * scales[i / 36];
  }
  graph.initializers = {{"scale", Tensor::from_values<float>({}, std::span(quarter)).value()},
                        {"zero", Tensor::from_values<uint8_t>({}, std::span(middle)).value()},
                        {"scales", Tensor::from_values<float>({6}, std::span(scales)).value()},
                        {"steps", steps},
                        {"weights", weights}};
  const Attribute pads = std::vector<int64_t>{1, 1, 1, 1};
  if (is_quantised)
    graph.nodes = {
        {.name = "q", .op = "QuantizeLinear", .inputs = {"x", "scale", "zero"}, .outputs = {"xq"}},
        {.name = "d", .op = "DequantizeLinear", .inputs = {"xq", "scale", "zero"}, .outputs = {"xd"}},
        {.name = "w",
         .op = "DequantizeLinear",
         .inputs = {"steps", "scales"},
         .outputs = {"wd"},
         .attributes = {{"axis", int64_t{0}}}},
        {.name = "c",
         .op = "Conv",
         .inputs = {"xd", "wd"},
         .outputs = {"y"},
         .attributes = {{"pads", pads}}}};
  else
    graph.nodes = {{.name = "c",
                    .op = "Conv",
                    .inputs = {"x", "weights"},
                    .outputs = {"y"},
                    .attributes = {{"pads", pads}}}};
  return graph;
}

TEST(NativeEngine, RunsAQuantisedModelAsItsFloatsWouldRunOnWholeSteps) {
  const EngineRegistry registry;
  const Engine& native = **registry.find("native");
  Tensor x = noise({1, 4, 9, 9});
  for (float& value : x.as<float>()) value = std::round(value * 4) / 4;
  const std::array in = {x.view()};
  std::array<TensorView, 1> plain, quantised;
  const auto plain_session = native.compile(conv_of_whole_steps(false), {}).value();
  const auto quantised_session = native.compile(conv_of_whole_steps(true), {}).value();
  ASSERT_TRUE(plain_session->run(in, plain).ok());
  ASSERT_TRUE(quantised_session->run(in, quantised).ok());
  EXPECT_TRUE(std::ranges::equal(plain[0].as<float>(), quantised[0].as<float>()));
}

/// Moves and functions of each element work in place where nobody reads their input again: `a` and both
/// factors of `e` are read again, `b`, `c` and `f` are not.
TEST(NativeEngine, WhatWorksInPlaceLeavesWhatIsReadAgain) {
  Graph graph;
  graph.inputs = {{"input", {DType::kF32, Shape{4, 6}}, {}}};
  graph.outputs = {{"y", {DType::kF32, Shape{6, 4}}, {}}};
  const std::vector<int64_t> turned = {6, 4};
  graph.initializers = {{"shape", Tensor::from_values<int64_t>({2}, std::span(turned)).value()},
                        {"k", noise({1, 4})}};
  graph.nodes = {{.name = "a", .op = "Sigmoid", .inputs = {"input"}, .outputs = {"a"}},
                 {.name = "b", .op = "Reshape", .inputs = {"a", "shape"}, .outputs = {"b"}},
                 {.name = "c", .op = "Exp", .inputs = {"b"}, .outputs = {"c"}},
                 {.name = "d", .op = "Sub", .inputs = {"k", "c"}, .outputs = {"d"}},
                 {.name = "e", .op = "Mul", .inputs = {"d", "d"}, .outputs = {"e"}},
                 {.name = "f", .op = "Reshape", .inputs = {"a", "shape"}, .outputs = {"f"}},
                 {.name = "y", .op = "Div", .inputs = {"e", "f"}, .outputs = {"y"}}};
  const EngineRegistry registry;
  const Tensor x = noise({4, 6});
  const auto y = outputs_of(**registry.find("native"), graph, x, 2);
  ASSERT_TRUE(y.ok()) << y.status().message();
  for (size_t i = 0; i < y->size(); ++i) {
    const double a = 1 / (1 + std::exp(-double{x.as<float>()[i]}));
    const double d = graph.initializers.at("k").as<float>()[i % 4] - std::exp(a);
    EXPECT_NEAR((*y)[i], d * d / a, 1e-4 * d * d / a);
  }
}

/// Rows of 3 times 5 by a matrix, and a bias for each of 20 columns.
Graph biased_product() {
  Graph graph;
  graph.inputs = {{"input", {DType::kF32, Shape{3, 5, 40}}, {}}};
  graph.outputs = {{"y", {DType::kF32, Shape{3, 5, 20}}, {}}};
  graph.initializers = {{"w", noise({40, 20})}, {"b", noise({20})}};
  graph.nodes = {{.name = "m", .op = "MatMul", .inputs = {"input", "w"}, .outputs = {"p"}},
                 {.name = "a", .op = "Add", .inputs = {"p", "b"}, .outputs = {"y"}}};
  return graph;
}

TEST(NativeEngine, AddsTheBiasesOfAProductAtEachPrecision) {
  const EngineRegistry registry;
  const Graph graph = biased_product();
  const Tensor x = noise({3, 5, 40});
  const auto row = x.as<float>(), matrix = graph.initializers.at("w").as<float>();
  const auto bias = graph.initializers.at("b").as<float>();
  for (const auto& [precision, bound] :
       {std::pair(Precision::kFp32, 1e-5), std::pair(Precision::kBf16x3, 1e-3),
        std::pair(Precision::kBf16, 0.3)}) {
    const auto y = outputs_of(**registry.find("native"), graph, x, 2, precision);
    ASSERT_TRUE(y.ok()) << y.status().message();
    for (size_t i = 0; i < y->size(); ++i) {
      double expected = bias[i % 20];
      for (size_t k = 0; k < 40; ++k) expected += double{row[i / 20 * 40 + k]} * matrix[k * 20 + i % 20];
      ASSERT_NEAR((*y)[i], expected, bound) << name_of(precision) << ", element " << i;
    }
  }
}

/// A ConvNeXt's block with channels that blocks hold in part; `is_seen` makes its moved image an output,
/// which keeps the passes off it.
Graph pixelwise_block(bool is_seen) {
  Graph graph;
  graph.inputs = {{.name = "input", .type = {DType::kF32, Shape{2, 20, 5, 7}}}};
  graph.outputs = {{.name = "y", .type = {DType::kF32, std::nullopt}}};
  if (is_seen) graph.outputs.push_back({.name = "moved", .type = {DType::kF32, std::nullopt}});
  const auto add = [&](std::string op, std::vector<std::string> in, const std::string& out,
                       std::map<std::string, Attribute> attributes = {}) {
    graph.nodes.push_back({.name = out,
                           .op = std::move(op),
                           .inputs = std::move(in),
                           .outputs = {out},
                           .attributes = std::move(attributes)});
  };
  add("Transpose", {"input"}, "moved", {{"perm", std::vector<int64_t>{0, 2, 3, 1}}});
  add("LayerNormalization", {"moved", "scale", "bias"}, "norm", {{"epsilon", 1e-3F}});
  add("MatMul", {"norm", "wide"}, "product");
  add("Add", {"columns", "product"}, "sum");
  add("Gelu", {"sum"}, "gelu");
  add("MatMul", {"gelu", "narrow"}, "back");
  add("Mul", {"back", "scale"}, "scaled");
  add("Transpose", {"scaled"}, "image", {{"perm", std::vector<int64_t>{0, 3, 1, 2}}});
  add("Add", {"input", "image"}, "y");
  for (const auto& [name, shape] : std::map<std::string, Shape>{
           {"scale", {20}}, {"bias", {20}}, {"wide", {20, 50}}, {"columns", {50}}, {"narrow", {50, 20}}})
    graph.initializers[name] = noise(shape);
  return graph;
}

TEST(NativeEngine, AnImageWhoseChannelsAreMovedLastAndBackGivesTheSameWhereTheyStay) {
  const EngineRegistry registry;
  const Engine& native = **registry.find("native");
  const Tensor x = noise({2, 20, 5, 7});
  auto seen = outputs_of(native, pixelwise_block(true), x, 1);
  ASSERT_TRUE(seen.ok()) << seen.status().message();
  seen->resize(static_cast<size_t>(x.element_count()));
  for (const char* const cpu : {"", "avx2", "ref"}) {
    SCOPED_TRACE(cpu);
    setenv("RIDGELINE_CPU", cpu, 1);
    const auto kept = outputs_of(native, pixelwise_block(false), x, 2);
    unsetenv("RIDGELINE_CPU");
    ASSERT_TRUE(kept.ok()) << kept.status().message();
    expect_near(*kept, *seen);
  }
}

/// But for the order of sums, which follows from the images that are computed at once.
void expect_throughput_as_latency(const Graph& graph, Shape images, int threads) {
  SCOPED_TRACE(images.to_string());
  const EngineRegistry registry;
  const Engine& native = **registry.find("native");
  const Tensor batch = noise(std::move(images));
  SessionOptions options{.threads = threads, .input_shapes = {{graph.inputs[0].name, batch.shape()}}};
  const auto latency = native.compile(graph, options).value();
  options.mode = ThreadingMode::kThroughput;
  const auto throughput = native.compile(graph, options).value();
  const std::array in = {batch.view()};
  std::array<TensorView, 1> expected, lent;
  ASSERT_TRUE(latency->run(in, expected).ok());
  Tensor own = Tensor::zeros(DType::kF32, expected[0].shape).value();
  std::array into = {own.view()};
  for (int call = 0; call < 2; ++call) {
    ASSERT_TRUE(throughput->run(in, lent).ok());
    ASSERT_TRUE(throughput->run(in, into).ok());
    EXPECT_THAT(lent[0].as<float>(), Pointwise(FloatNear(1e-5F), expected[0].as<float>()));
    EXPECT_THAT(own.as<float>(), Pointwise(FloatNear(1e-5F), expected[0].as<float>()));
  }
}

/// One by one (3 on 2 threads), in groups of one size (8), in several for each thread (12), in one for all
/// (4 on 1): no image may wait for, or be written by, another.
TEST(NativeEngine, ThroughputModeGivesWhatLatencyModeGives) {
  const Graph graph = zoo::make("resnet18", {.num_classes = 10, .image_size = 64}).value();
  for (const int64_t images : {1, 3, 8, 12}) expect_throughput_as_latency(graph, {images, 3, 64, 64}, 2);
  expect_throughput_as_latency(graph, {4, 3, 64, 64}, 1);
}

TEST(NativeEngine, ThroughputModeRefusesGraphsThatItCannotSplitByImage) {
  const EngineRegistry registry;
  Graph graph = zoo::make("lenet", {.num_classes = 10, .image_size = 32}).value();
  graph.nodes.push_back(
      Node{.name = "turn", .op = "Transpose", .inputs = {graph.outputs[0].name}, .outputs = {"turned"}});
  graph.outputs[0] = {"turned", {DType::kF32, std::nullopt}, {}};
  const Status status = (*registry.find("native"))
                            ->supports(graph, {.mode = ThreadingMode::kThroughput,
                                               .input_shapes = {{"input", {2, 3, 32, 32}}}});
  EXPECT_THAT(status.message(), HasSubstr("'turned'"));
}

TEST(NativeEngine, RefusesTablesThatNoMemoryHolds) {
  Graph graph;
  graph.inputs = {{"x", {DType::kU8, Shape{1}}, {}}};
  graph.outputs = {{"y", {DType::kU8, Shape{Shape::kUnknownDim}}, {}}};
  const std::vector<int64_t> far = {0, int64_t{1} << 39};
  graph.initializers["pads"] = Tensor::from_values<int64_t>({2}, std::span(far)).value();
  graph.nodes = {{.name = "wide", .op = "Pad", .inputs = {"x", "pads"}, .outputs = {"y"}}};
  const EngineRegistry registry;
  EXPECT_THAT((*registry.find("native"))->supports(graph, {}).message(), HasSubstr("Pad 'wide': a table of"));
}

TEST(NativeEngine, RefusesWhatItCannotDoByName) {
  const EngineRegistry registry;
  const Engine& native = **registry.find("native");
  const Graph graph = zoo::make("lenet", {.image_size = 32}).value();
  EXPECT_THAT(native.supports(graph, {.precision = Precision::kFp16}).message(), HasSubstr("fp16"));
  EXPECT_THAT(native.supports(graph, {.device = "cuda:0"}).message(), HasSubstr("cuda:0"));
  Graph drawn = graph;
  drawn.nodes.push_back(
      Node{.name = "dice", .op = "Bernoulli", .inputs = {graph.outputs[0].name}, .outputs = {"drawn"}});
  drawn.outputs[0] = {"drawn", {DType::kF32, std::nullopt}, {}};
  EXPECT_THAT(native.supports(drawn, {.input_shapes = {{"input", {1, 3, 32, 32}}}}).message(),
              HasSubstr("Bernoulli 'dice'"));
}

}  // namespace
}  // namespace ridgeline
