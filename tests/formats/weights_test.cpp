#include "formats/weights.h"

#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/safetensors.h"
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

struct Listed {
  std::string model;
  size_t tensors;
  uint64_t hash;
};
class WeightsOfZoo : public testing::TestWithParam<Listed> {};

/// FNV-1a, 64 bits.
uint64_t hash_of(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char each : text) hash = (hash ^ static_cast<uint8_t>(each)) * 0x100000001b3;
  return hash;
}

// Of "NAME SHAPE\n" for each entry of torchvision 0.29's MODEL().state_dict(), shapes written "64x3x7x7".
TEST_P(WeightsOfZoo, HaveTheNamesShapesAndOrderOfTorchvisions) {
  const StateDict weights = weights_of(zoo::make(GetParam().model, {.zero_weights = true}).value());
  EXPECT_EQ(weights.tensors.size(), GetParam().tensors);
  std::string text;
  for (const auto& [name, tensor] : weights.tensors)
    text += fmt::format("{} {}\n", name, fmt::join(tensor.shape().dims(), "x"));
  EXPECT_EQ(hash_of(text), GetParam().hash) << text;
}

INSTANTIATE_TEST_SUITE_P(All, WeightsOfZoo,
                         testing::Values(Listed{"resnet18", 122, 0xf2b8cb04a7ed2b74},
                                         Listed{"resnet34", 218, 0xff6b8bde2b3f8e44},
                                         Listed{"resnet50", 320, 0xbcf79d988e045b7e},
                                         Listed{"vgg16", 32, 0xc3c36606220a7498},
                                         Listed{"mobilenet_v2", 314, 0x5e24ef93a420d775},
                                         Listed{"mobilenet_v3_large", 312, 0xa2117d91da5616ad},
                                         Listed{"efficientnet_b0", 360, 0x86ed7a27b3f4c67f},
                                         Listed{"squeezenet1_1", 52, 0x862b26498b208026},
                                         Listed{"densenet121", 727, 0xe935261397013d52}),
                         [](const auto& listed) { return listed.param.model; });

TEST(Weights, OfTheDenseNetsThatTorchvisionPublishesGetItsPresentNames) {
  StateDict weights;
  for (const char* name :
       {"features.denseblock1.denselayer1.norm.1.weight", "features.denseblock4.denselayer16.conv.2.weight",
        "features.transition1.norm.weight", "features.denseblock1.denselayer2.norm1.bias"})
    weights.tensors.emplace_back(name, Tensor::zeros(DType::kF32, {1}).value());
  const StateDict read = parse_state_dict(to_safetensors(weights).value(), "w").value();
  for (const char* name :
       {"features.denseblock1.denselayer1.norm1.weight", "features.denseblock4.denselayer16.conv2.weight",
        "features.transition1.norm.weight", "features.denseblock1.denselayer2.norm1.bias"})
    EXPECT_NE(read.find(name), nullptr) << name;
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

StateDict zoo_weights(const char* name, const zoo::ZooOptions& options) {
  return weights_of(zoo::make(name, options).value());
}

TEST(GraphOf, RecognisesEachModelOfTheZooByItsWeights) {
  const std::vector<std::pair<const char*, zoo::ZooOptions>> cases = {
      {"resnet18", {.num_classes = 7}},
      {"resnet18", {.num_classes = 5, .projection = 32}},
      {"resnet34", {.num_classes = 3, .image_size = 256, .dynamic_size = true}},
      {"resnet50", {}},
      {"lenet", {.num_classes = 4, .image_size = 96}},
      {"vgg16", {.num_classes = 6, .image_size = 96, .zero_weights = true}},
      {"mobilenet_v2", {.num_classes = 9, .dynamic_size = true}},
      {"mobilenet_v3_large", {}},
      {"efficientnet_b0", {.num_classes = 2}},
      {"squeezenet1_1", {.num_classes = 3}},
      {"densenet121", {}},
      {"unet", {.num_classes = 5, .dynamic_size = true}},
      {"ssd_head", {.num_classes = 4, .image_size = 128}}};
  for (const auto& [name, options] : cases) {
    Graph wanted = zoo::make(name, options).value();
    const Result<Graph> graph = graph_of(
        weights_of(wanted), "w", {.image_size = options.image_size, .dynamic_size = options.dynamic_size});
    ASSERT_TRUE(graph.ok()) << graph.status().message();
    wanted.metadata = {{kModelKey, name}, {kImageSizeKey, fmt::to_string(options.image_size)}};
    EXPECT_EQ(difference(wanted, *graph), "") << name;
  }
}

TEST(GraphOf, TakesModelSizeAndContractFromMetadata) {
  StateDict weights = zoo_weights("resnet18", {.num_classes = 2});
  weights.metadata = {
      {"format", "pt"}, {kModelKey, "resnet18"}, {kImageSizeKey, "384"}, {"ridgeline.classes", "[]"}};
  const Graph graph = graph_of(weights, "w").value();
  EXPECT_EQ(graph.inputs[0].type.shape, (Shape{-1, 3, 384, 384}));
  weights.metadata.erase("format");
  EXPECT_EQ(graph.metadata, weights.metadata);
  weights.metadata[kImageSizeKey] = "large";
  EXPECT_THAT(graph_of(weights, "w").status().message(),
              HasSubstr("w: metadata ridgeline.image_size is 'large'"));
  weights.metadata[kModelKey] = "vgg11";
  EXPECT_THAT(graph_of(weights, "w").status().message(),
              HasSubstr("w: the zoo has no 'vgg11'; it has lenet"));
}

TEST(GraphOf, HeedsTheArchitectureThatACheckpointNames) {
  StateDict weights = zoo_weights("resnet18", {.num_classes = 2});
  weights.metadata = {{"arch", "tv_resnet18"}};
  const Graph graph = graph_of(weights, "w").value();
  EXPECT_FALSE(graph.metadata.contains("arch"));
  weights.metadata["arch"] = "resnetblur18";
  EXPECT_THAT(graph_of(weights, "w").status().message(), HasSubstr("w: the checkpoint is of 'resnetblur18'"));
  EXPECT_TRUE(graph_of(weights, "w", {.model = "resnet18"}).ok());
}

TEST(GraphOf, TellsTheImageSizeOfLenetFromItsClassifier) {
  const Graph graph = graph_of(zoo_weights("lenet", {.image_size = 160}), "w").value();
  EXPECT_EQ(graph.inputs[0].type.shape, (Shape{-1, 3, 160, 160}));
}

TEST(GraphOf, PutsARandomProjectionOnlyBehindWeightsWithoutOne) {
  const Graph graph = graph_of(zoo_weights("resnet18", {}), "w", {.projection = 32}).value();
  EXPECT_EQ(graph.outputs[0].name, "OUTPUT_PROJECTION");
  EXPECT_NE(graph.initializer("projection.weight")->as<float>()[0], 0.0F);
  const StateDict projected = zoo_weights("resnet18", {.projection = 32});
  EXPECT_THAT(graph_of(projected, "w", {.projection = 16}).status().message(),
              HasSubstr("a projection to 32 values"));
}

TEST(GraphOf, SaysHowARelativeOfAZooModelDiffers) {
  const StateDict plain = zoo_weights("resnet50", {.zero_weights = true});
  const auto refusal = [&](const char* name, Shape shape) {
    StateDict weights = plain;
    std::erase_if(weights.tensors, [&](const auto& entry) { return entry.first == name; });
    weights.tensors.emplace_back(name, Tensor::zeros(DType::kF32, std::move(shape)).value());
    return graph_of(weights, "w").status().message();
  };
  EXPECT_THAT(refusal("conv1.0.weight", {32, 3, 3, 3}), HasSubstr("three convolutions"));
  EXPECT_THAT(refusal("conv1.weight", {64, 1, 7, 7}), HasSubstr("conv1.weight is 64x1x7x7, not 64x3x7x7"));
  EXPECT_THAT(refusal("layer2.0.downsample.2.weight", {512}), HasSubstr("shortcuts average"));
  EXPECT_THAT(refusal("layer1.0.se.fc1.weight", {8, 64, 1, 1}), HasSubstr("attention"));
  EXPECT_THAT(refusal("layer1.0.conv2.weight", {128, 4, 3, 3}), HasSubstr("grouped"));
  EXPECT_THAT(refusal("layer1.0.conv2.weight", {128, 128, 3, 3}), HasSubstr("128 wide"));
  EXPECT_THAT(refusal("layer3.22.conv1.weight", {256, 1024, 1, 1}), HasSubstr("3-4-7-3 bottleneck blocks"));
  EXPECT_THAT(refusal("head.weight", {10, 2048}), HasSubstr("unexpected head.weight"));
  EXPECT_THAT(graph_of({}, "w").status().message(), HasSubstr("no model that the zoo has"));
}

}  // namespace
}  // namespace ridgeline::formats
