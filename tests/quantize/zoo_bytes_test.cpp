// Networks of the zoo, quantised, on bytes against the integers' definition.

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/rng.h"
#include "engine/native/explain.h"
#include "graph/zoo/zoo.h"
#include "quantize/plan.h"
#include "quantize/qdq.h"

namespace ridgeline::quantize {
namespace {

constexpr int64_t kSide = 64;

/// With weights of the zoo and one range for all activations.
Graph quantized(const std::string& name) {
  const auto graph = zoo::make(name, {.num_classes = 10, .image_size = kSide});
  EXPECT_TRUE(graph.ok()) << graph.status().message();
  const auto prepared = prepare(*graph);
  EXPECT_TRUE(prepared.ok()) << prepared.status().message();
  Ranges ranges;
  for (const std::string& value : values_to_observe(*prepared)) ranges[value] = {-2, 4};
  auto written = write_qdq(*prepared, ranges, {});
  EXPECT_TRUE(written.ok()) << written.status().message();
  return *written;
}

native::PlanOptions options_of(const Graph& graph, native::Int8Kernels kernels) {
  return {.input_shapes = {{graph.inputs[0].name, Shape{1, 3, kSide, kSide}}},
          .threads = 2,
          .precision = Precision::kInt8,
          .int8 = kernels};
}

std::vector<float> run(const Graph& graph, native::Int8Kernels kernels) {
  auto plan = native::make_plan(graph, options_of(graph, kernels));
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  if (!plan.ok()) return {};
  Tensor image = Tensor::zeros(DType::kF32, {1, 3, kSide, kSide}).value();
  Rng rng(8);
  for (float& value : image.as<float>()) value = static_cast<float>(rng.normal());
  const TensorView in = image.view();
  ThreadPool pool(2);
  const Status ran = plan->run({&in, 1}, pool);
  EXPECT_TRUE(ran.ok()) << ran.message();
  const auto logits = plan->slots[plan->outputs[0]].as<float>();
  return {logits.begin(), logits.end()};
}

class QuantizedZoo : public ::testing::TestWithParam<const char*> {};

TEST_P(QuantizedZoo, HasKernelsForBytesThroughoutThatGiveTheReferencesBits) {
  const Graph graph = quantized(GetParam());
  const std::vector<float> logits = run(graph, native::Int8Kernels::kBytes);
  EXPECT_EQ(logits, run(graph, native::Int8Kernels::kReference));
  EXPECT_NE(std::ranges::min(logits), std::ranges::max(logits));
  const auto plan = native::explain(graph, options_of(graph, native::Int8Kernels::kBytes));
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  for (const native::PlannedStep& step : plan->steps)
    EXPECT_FALSE(step.op.starts_with("Quantized") && step.kernel == "ref") << step.name;
}

INSTANTIATE_TEST_SUITE_P(Networks, QuantizedZoo,
                         ::testing::Values("resnet18", "mobilenet_v2", "squeezenet1_1", "efficientnet_b0"));

TEST(QuantizedResNet, LiesInLinesOfBytesFromItsStemToItsLastLayer) {
  const Graph graph = quantized("resnet18");
  const auto plan = native::explain(graph, options_of(graph, native::Int8Kernels::kBytes));
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  std::vector<std::string> ops;
  for (const native::PlannedStep& step : plan->steps)
    if (step.op != "QuantizedConv") ops.push_back(step.op);
  EXPECT_THAT(ops, ::testing::ElementsAre("QuantizeLinear", "MaxPool", "QuantizedAveragePool", "Turn",
                                          "Flatten", "QuantizedGemm"));
}

}  // namespace
}  // namespace ridgeline::quantize
