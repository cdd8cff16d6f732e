#include "vision/peer_recipes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ridgeline::vision {
namespace {

using testing::HasSubstr;

/// As microsoft/resnet-18 has it.
const Json kConvNext = {{"crop_pct", 0.875},
                        {"do_normalize", true},
                        {"do_resize", true},
                        {"feature_extractor_type", "ConvNextFeatureExtractor"},
                        {"image_mean", {0.485, 0.456, 0.406}},
                        {"image_std", {0.229, 0.224, 0.225}},
                        {"resample", 3},
                        {"size", 224}};

std::string refusal(const Json& config) {
  return preprocessing_of_transformers(config, "p.json").status().message();
}

Json with(Json config, const char* field, const Json& value) {
  config[field] = value;
  return config;
}

TEST(PeerRecipes, TheConvNextProcessorResizesByItsCropShare) {
  const Result<Preprocessing> how = preprocessing_of_transformers(kConvNext, "p.json");
  ASSERT_TRUE(how.ok()) << how.status().message();
  Preprocessing wanted = Preprocessing::for_size(224);
  wanted.interpolation = Interpolation::kBicubic;
  EXPECT_EQ(*how, wanted);
  EXPECT_EQ(
      preprocessing_of_transformers(with(kConvNext, "size", {{"shortest_edge", 224}}), "p.json").value(),
      wanted);
  EXPECT_EQ(preprocessing_of_transformers(with(kConvNext, "crop_pct", 0.95), "p.json")->resize_shorter, 235);
}

TEST(PeerRecipes, AProcessorThatCropsTheCentreIsTakenAsItSays) {
  const Json config = {{"image_processor_type", "BitImageProcessor"},
                       {"size", {{"shortest_edge", 232}}},
                       {"do_center_crop", true},
                       {"crop_size", {{"height", 192}, {"width", 192}}},
                       {"resample", 2},
                       {"do_normalize", false}};
  const Result<Preprocessing> how = preprocessing_of_transformers(config, "p.json");
  ASSERT_TRUE(how.ok()) << how.status().message();
  EXPECT_EQ(how->resize_shorter, 232);
  EXPECT_EQ(how->crop, 192);
  EXPECT_EQ(how->interpolation, Interpolation::kBilinear);
  EXPECT_EQ(how->mean, (std::array<float, 3>{0, 0, 0}));
  EXPECT_EQ(how->stddev, (std::array<float, 3>{1, 1, 1}));
  EXPECT_THAT(refusal(with(config, "do_center_crop", false)), HasSubstr("p.json: \"do_center_crop\""));
  EXPECT_THAT(refusal(with(config, "size", {{"height", 224}, {"width", 224}})),
              HasSubstr("\"shortest_edge\""));
  EXPECT_THAT(refusal(with(config, "crop_size", {{"height", 192}, {"width", 100}})),
              HasSubstr("\"crop_size\""));
}

TEST(PeerRecipes, WhatPreprocessingCannotTellIsRefusedByItsField) {
  EXPECT_THAT(refusal(with(kConvNext, "size", 384)), HasSubstr("\"size\" is 384"));
  EXPECT_THAT(refusal(with(kConvNext, "resample", 1)), HasSubstr("\"resample\" is 1"));
  EXPECT_THAT(refusal(with(kConvNext, "rescale_factor", 1)), HasSubstr("\"rescale_factor\""));
  EXPECT_THAT(refusal(with(kConvNext, "do_rescale", false)), HasSubstr("\"do_rescale\""));
  EXPECT_THAT(refusal(with(kConvNext, "do_resize", false)), HasSubstr("\"do_resize\""));
  EXPECT_THAT(refusal(with(kConvNext, "image_mean", {1, 2})), HasSubstr("\"image_mean\""));
  EXPECT_THAT(refusal(with(kConvNext, "crop_pct", 0)), HasSubstr("\"crop_pct\""));
  EXPECT_THAT(refusal(Json::array()), HasSubstr("\"size\" is missing"));
}

TEST(PeerRecipes, TimmsRecipeFloorsTheResize) {
  const Json config = {
      {"input_size", {3, 224, 224}},   {"interpolation", "bicubic"},   {"crop_pct", 0.95},
      {"mean", {0.485, 0.456, 0.406}}, {"std", {0.229, 0.224, 0.225}}, {"crop_mode", "center"}};
  const Result<Preprocessing> how = preprocessing_of_timm(config, "config.json");
  ASSERT_TRUE(how.ok()) << how.status().message();
  EXPECT_EQ(how->resize_shorter, 235);
  EXPECT_EQ(how->crop, 224);
  EXPECT_EQ(how->interpolation, Interpolation::kBicubic);
  const auto told = [&](const char* field, const Json& value) {
    return preprocessing_of_timm(with(config, field, value), "config.json").status().message();
  };
  EXPECT_THAT(told("input_size", {1, 28, 28}), HasSubstr("config.json: \"input_size\" is [1,28,28]"));
  EXPECT_THAT(told("interpolation", "random"), HasSubstr("\"interpolation\""));
  EXPECT_THAT(told("crop_mode", "squash"), HasSubstr("\"crop_mode\""));
}

}  // namespace
}  // namespace ridgeline::vision
