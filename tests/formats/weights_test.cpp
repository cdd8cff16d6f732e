#include "formats/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/zoo/zoo.h"
#include "same_graph.h"
#include "tensor/half.h"

namespace ridgeline::formats {
namespace {

using testing::HasSubstr;

Graph resnet18(uint64_t seed) { return zoo::make("resnet18", {.num_classes = 10, .seed = seed}).value(); }

TEST(Weights, OfAGraphListPyTorchsNamesInItsOrder) {
  const StateDict weights = weights_of(resnet18(1));
  ASSERT_EQ(weights.tensors.size(), 122U);  // len(torchvision.models.resnet18().state_dict())
  std::vector<std::string> names;
  for (const auto& [name, tensor] : weights.tensors) names.push_back(name);
  EXPECT_EQ(names[0], "conv1.weight");
  EXPECT_THAT(std::vector(names.begin() + 1, names.begin() + 6),
              testing::ElementsAre("bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var",
                                   "bn1.num_batches_tracked"));
  EXPECT_EQ(names.back(), "fc.bias");
  const Tensor* counter = weights.find("layer4.1.bn2.num_batches_tracked");
  ASSERT_NE(counter, nullptr);
  EXPECT_EQ(counter->dtype(), DType::kI64);
  EXPECT_EQ(counter->shape(), Shape{});
}

TEST(Weights, OfOneGraphFillAnother) {
  const Graph from = resnet18(1);
  Graph to = resnet18(2);
  ASSERT_NE(difference(from, to), "");
  const Status loaded = load_weights(weights_of(from), to);
  ASSERT_TRUE(loaded.ok()) << loaded.message();
  EXPECT_EQ(difference(from, to), "");
}

TEST(Weights, OfHalfPrecisionAreWidened) {
  Graph graph = resnet18(1);
  StateDict weights = weights_of(graph);
  for (auto& [name, tensor] : weights.tensors)
    if (is_float(tensor.dtype())) tensor = convert(tensor, DType::kF16).value();
  ASSERT_TRUE(load_weights(weights, graph).ok());
  const Tensor* bias = graph.initializer("fc.bias");
  EXPECT_EQ(bias->dtype(), DType::kF32);
  EXPECT_EQ(bias->as<float>()[0], f16_to_f32(weights.find("fc.bias")->as<uint16_t>()[0]));
}

TEST(Weights, ThatDoNotFitAreListedAndLeaveTheGraphAsItWas) {
  Graph graph = resnet18(1);
  const Graph before = graph;
  StateDict weights = weights_of(zoo::make("resnet18", {.num_classes = 12, .seed = 2}).value());
  std::erase_if(weights.tensors, [](const auto& entry) { return entry.first.starts_with("bn1."); });
  weights.tensors.emplace_back("head.weight", *weights.find("fc.bias"));
  const std::string message = load_weights(weights, graph).message();
  EXPECT_THAT(message, HasSubstr("missing bn1.bias, bn1.running_mean, bn1.running_var, bn1.weight"));
  EXPECT_THAT(message, HasSubstr("unexpected head.weight"));
  EXPECT_THAT(message, HasSubstr("fc.weight is 12x512 of f32, not 10x512 of f32"));
  EXPECT_EQ(difference(before, graph), "");
}

TEST(Weights, AListOfManyDifferencesIsCutShort) {
  Graph graph = resnet18(1);
  EXPECT_THAT(load_weights({}, graph).message(), HasSubstr("bn1.weight, conv1.weight and 97 more"));
}

}  // namespace
}  // namespace ridgeline::formats
