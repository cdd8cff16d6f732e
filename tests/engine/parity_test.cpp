// Engines that are here, held against each other on a real model.

#include <algorithm>
#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>
#include <random>

#include "engine/registry.h"
#include "graph/passes/to_fp16.h"
#include "graph/zoo/zoo.h"

namespace ridgeline {
namespace {

constexpr int64_t kBatch = 2;

std::vector<float> photo_like_input(size_t count) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> pixel(-2, 2);
  std::vector<float> input(count);
  std::generate(input.begin(), input.end(), [&] { return pixel(random); });
  return input;
}

Result<std::vector<float>> logits_by(const Engine& engine, const Graph& graph, std::vector<float>& input,
                                     const Shape& shape, Precision precision = Precision::kFp32) {
  SessionOptions options = {.precision = precision, .threads = 2};
  options.input_shapes[graph.inputs[0].name] = shape;
  ASSIGN_OR_RETURN(const auto session, engine.compile(graph, options));
  const std::array in = {TensorView{DType::kF32, shape, reinterpret_cast<std::byte*>(input.data())}};
  std::array<TensorView, 1> out;
  RETURN_IF_ERROR(session->run(in, out));
  const auto logits = out[0].as<float>();
  return std::vector<float>(logits.begin(), logits.end());
}

float largest_magnitude(const std::vector<float>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0F,
                         [](float largest, float value) { return std::max(largest, std::abs(value)); });
}

TEST(Parity, EnginesAgreeOnResNet18ToOneTenThousandthOfTheLogitsScale) {
  auto graph = zoo::make("resnet18", {.image_size = 96});
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  const Shape shape = {kBatch, 3, 96, 96};
  std::vector<float> input = photo_like_input(static_cast<size_t>(shape.element_count()));
  const EngineRegistry registry;
  std::vector<std::vector<float>> answers;
  for (const std::string_view name : {"onnxruntime", "openvino", "libtorch"}) {
    const Engine* engine = registry.find(name).value();
    if (const Capabilities capabilities = engine->probe(); !capabilities.available) {
      GTEST_SKIP() << capabilities.reason;
    }
    auto logits = logits_by(*engine, *graph, input, shape);
    ASSERT_TRUE(logits.ok()) << logits.status().message();
    ASSERT_EQ(logits->size(), static_cast<size_t>(kBatch * 1000));
    answers.push_back(std::move(logits).value());
  }
  const float scale = largest_magnitude(answers[0]);
  ASSERT_GT(scale, 0);
  for (size_t engine = 1; engine < answers.size(); ++engine) {
    for (size_t i = 0; i < answers[0].size(); ++i) {
      ASSERT_NEAR(answers[0][i], answers[engine][i], 1e-4 * scale) << "engine " << engine << ", logit " << i;
    }
  }
}

TEST(Parity, AModelConvertedToFp16AnswersLikeTheOriginal) {
  const EngineRegistry registry;
  const Engine& onnxruntime = *registry.find("onnxruntime").value();
  if (const Capabilities peer = onnxruntime.probe(); !peer.available) GTEST_SKIP() << peer.reason;
  const Graph graph = zoo::make("resnet18", {.num_classes = 10, .image_size = 64}).value();
  Graph converted = graph;
  ASSERT_TRUE(passes::to_fp16(converted).ok());
  const Shape shape = {kBatch, 3, 64, 64};
  std::vector<float> input = photo_like_input(static_cast<size_t>(shape.element_count()));
  const auto expected = logits_by(onnxruntime, graph, input, shape);
  const auto half = logits_by(onnxruntime, converted, input, shape, Precision::kFp16);
  ASSERT_TRUE(half.ok()) << half.status().message();
  const float scale = largest_magnitude(*expected);
  for (size_t i = 0; i < half->size(); ++i) EXPECT_NEAR((*half)[i], (*expected)[i], 1e-2 * scale) << i;
  EXPECT_NE(*half, *expected) << "fp16 must round";
}

}  // namespace
}  // namespace ridgeline
