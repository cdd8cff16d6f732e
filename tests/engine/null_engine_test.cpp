#include "engine/null/null_engine.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/zoo/zoo.h"

namespace ridgeline {
namespace {

TEST(NullEngine, AnswersWithZerosOfTheModelsShape) {
  Graph graph = zoo::make("resnet18", {.image_size = 64}).value();
  SessionOptions options;
  options.input_shapes[graph.inputs[0].name] = Shape{2, 3, 64, 64};
  const auto session = make_null_engine()->compile(graph, options);
  ASSERT_TRUE(session.ok()) << session.status().message();
  const Tensor image = Tensor::zeros(DType::kF32, Shape{2, 3, 64, 64}).value();
  std::vector<float> logits(2000, 1.0F);
  const std::vector<TensorView> in = {image.view()};
  std::vector<TensorView> out = {{DType::kF32, Shape{2, 1000}, reinterpret_cast<std::byte*>(logits.data())}};
  ASSERT_TRUE(session.value()->run(in, out).ok());
  EXPECT_TRUE(std::ranges::all_of(logits, [](float value) { return value == 0; }));
  out[0].data = nullptr;
  ASSERT_TRUE(session.value()->run(in, out).ok());
  EXPECT_EQ(out[0].as<float>().size(), 2000U);
}

TEST(NullEngine, RefusesWhatItCannotGiveAShapeFor) {
  const Graph graph = zoo::make("resnet18", {.image_size = 64}).value();  // the batch stays open
  EXPECT_THAT(make_null_engine()->supports(graph, {}).message(),
              testing::HasSubstr("not known before a run"));
  SessionOptions elsewhere;
  elsewhere.device = "cuda:0";
  EXPECT_EQ(make_null_engine()->supports(graph, elsewhere).code(), ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace ridgeline
