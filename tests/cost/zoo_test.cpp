#include "graph/zoo/zoo.h"

#include <gtest/gtest.h>

#include "cost/analysis.h"
#include "graph/infer.h"

namespace ridgeline::cost {
namespace {

struct Published {
  std::string model;
  double
      gmacs;  ///< of one picture of 224×224: `_ops` of torchvision 0.29's own table, which has three decimals
};
class ZooCost : public testing::TestWithParam<Published> {};

TEST_P(ZooCost, IsWhatTorchvisionPublishes) {
  const Graph graph = zoo::make(GetParam().model, {.zero_weights = true}).value();
  const Analysis analysis = analyze(graph, infer_types(graph, {{"input", {1, 3, 224, 224}}}).value());
  EXPECT_TRUE(analysis.uncounted.empty());
  EXPECT_NEAR(analysis.total.macs / 1e9, GetParam().gmacs, 0.0006);
}

INSTANTIATE_TEST_SUITE_P(Of, ZooCost,
                         testing::Values(Published{"resnet18", 1.814}, Published{"resnet34", 3.664},
                                         Published{"resnet50", 4.089}, Published{"vgg16", 15.47},
                                         Published{"mobilenet_v2", 0.301},
                                         Published{"mobilenet_v3_large", 0.217},
                                         Published{"efficientnet_b0", 0.386},
                                         Published{"squeezenet1_1", 0.349}, Published{"densenet121", 2.834}),
                         [](const auto& published) { return published.param.model; });

}  // namespace
}  // namespace ridgeline::cost
