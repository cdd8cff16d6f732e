#include "cost/attained.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cost/fusion.h"
#include "cost/limits.h"
#include "cost/model_builder.h"

namespace ridgeline::cost {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr double kMap = 8 * 16 * 4, kWeights = 8 * 8 * 9 * 4,
                 kBias = 8 * 4;  // bytes of the residual block's tensors

class AttainedTest : public ::testing::Test {
 protected:
  Attainment attain(std::vector<TimedLayers> profile) const {
    return cost::attain(model_.graph, model_.types, analysis_, profile);
  }

  const ModelBuilder model_ = residual_block();
  const Analysis analysis_ = analyze(model_.graph, model_.types);
  const Device device_ = find_device("a10").value();
};

TEST_F(AttainedTest, ALineIsHeldAgainstTheWorkOfAllLayersThatItNames) {
  const Attainment attained = attain({{"c1+b1+r1", 1e-3}, {"c2+b2+s+y", 2e-3}});
  ASSERT_EQ(attained.parts.size(), 2u);
  EXPECT_THAT(attained.parts[1].layers, ElementsAre(3, 4, 5, 6));
  EXPECT_EQ(attained.parts[1].main_layer(analysis_), 3u);
  double flops = 0;
  for (size_t layer = 0; layer < 3; ++layer) flops += analysis_.layers[layer].work.flops;
  EXPECT_DOUBLE_EQ(attained.parts[0].flops_per_s(), flops / 1e-3);
  EXPECT_DOUBLE_EQ(attained.seconds, 3e-3);
  EXPECT_THAT(attained.unmatched, IsEmpty());
  EXPECT_THAT(attained.untimed, IsEmpty());
}

TEST_F(AttainedTest, ANameThatHoldsAPlusIsFoundInALine) {
  ModelBuilder model = residual_block();
  model.graph.nodes[0].name = "c1+b0";
  const Analysis analysis = analyze(model.graph, model.types);
  const Attainment attained =
      cost::attain(model.graph, model.types, analysis, std::vector<TimedLayers>{{"c1+b0+b1+other+r1", 1e-3}});
  EXPECT_THAT(attained.parts[0].layers, ElementsAre(0, 1, 2));
}

TEST_F(AttainedTest, WhatStaysInsideALineIsNotMoved) {
  const Attainment attained = attain({{"c1", 1}, {"b1", 1}, {"r1", 1}, {"c2+b2+s+y", 1}});
  EXPECT_EQ(attained.parts[0].bytes, analysis_.layers[0].work.bytes());
  EXPECT_EQ(attained.parts[3].bytes, kMap + kWeights + kBias + kMap);  // r1 is read once for both uses
}

TEST_F(AttainedTest, AValueThatLaterLinesReadIsWritten) {
  EXPECT_THAT(bytes_together(model_.graph, model_.types, std::vector<std::vector<size_t>>{{0, 1, 2, 3}, {4}}),
              ElementsAre(kMap + 2 * kWeights + kBias + 2 * kMap, 2 * kMap + kBias));
}

TEST_F(AttainedTest, TheEnginesOwnWorkAndLayersWithoutATimeAreNamed) {
  const Attainment attained = attain({{"reorder_1", 1e-3}, {"c1+b1+r1+unheard_of", 3e-3}, {"c1", 1e-3}});
  EXPECT_THAT(attained.unmatched, ElementsAre("reorder_1", "c1"));  // c1 belongs to the first that names it
  EXPECT_THAT(attained.untimed, testing::UnorderedElementsAre("c2", "b2", "s", "y"));
  EXPECT_DOUBLE_EQ(attained.matched_seconds, 3e-3);
  EXPECT_DOUBLE_EQ(attained.seconds, 5e-3);
}

TEST_F(AttainedTest, JsonSaysAtTheMainLayerWhatWasAttainedAndOfTheOthersWithWhom) {
  const Attainment attained = attain({{"c1+b1+r1", 1e-3}});
  const Json layers = to_json(analysis_, device_, &attained)["layers"];
  EXPECT_GT(layers[0]["attained_flops_per_s"].get<double>(), 0);
  EXPECT_DOUBLE_EQ(layers[0]["measured_us"].get<double>(), 1e3);
  EXPECT_TRUE(layers[1]["attained_flops_per_s"].is_null());
  EXPECT_EQ(layers[1]["attained_with"], "c1");
  EXPECT_TRUE(layers[3]["attained_flops_per_s"].is_null());
  EXPECT_FALSE(layers[3].contains("attained_with"));
}

TEST_F(AttainedTest, TheShareIsOfTheRoofOverTheLinesOwnTraffic) {
  const Attainment attained = attain({{"c1+b1+r1", 1e-3}});
  const Attained& part = attained.parts[0];
  const double roof = device_.roof("fp32")->attainable_flops_per_s(part.flops / part.bytes);
  EXPECT_DOUBLE_EQ(attained_pct(part, analysis_, device_), 100 * part.flops_per_s() / roof);
}

TEST_F(AttainedTest, TheTableTellsHowMuchOfTheTimeIsAccountedFor) {
  const Attainment attained = attain({{"reorder_1", 1e-3}, {"c1+b1+r1", 3e-3}});
  const std::string text = to_text(analysis_, device_, &attained);
  EXPECT_THAT(text, HasSubstr("profile: 4.000 ms in 2 lines, 75.0 % of it in lines that name layers"));
  EXPECT_THAT(text, HasSubstr("no layer's: reorder_1"));
  EXPECT_THAT(text, HasSubstr("with c1"));
}

}  // namespace
}  // namespace ridgeline::cost
