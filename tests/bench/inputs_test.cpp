#include "bench/inputs.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temporary_folder.h"
#include "vision/contract.h"
#include "vision/synth.h"

namespace ridgeline::bench {
namespace {

Graph model(const Shape& image) {
  Graph graph;
  graph.inputs = {{.name = "image", .type = {DType::kF32, image}, .dim_names = {}},
                  {.name = "scale", .type = {DType::kI64, Shape{-1, 2}}, .dim_names = {}}};
  return graph;
}

GroupKey group(const std::string& data) {
  return {.size = {32, 32}, .batch = 2, .device = "cpu", .threads = 1, .data = data};
}

TEST(Inputs, TheSameSeedGivesTheSameNoiseAndOpenDimensionsAreTheBatch) {
  const GroupInputs first = make_inputs(model({-1, 3, -1, -1}), group("synthetic"), 7).value();
  const GroupInputs again = make_inputs(model({-1, 3, -1, -1}), group("synthetic"), 7).value();
  const GroupInputs other = make_inputs(model({-1, 3, -1, -1}), group("synthetic"), 8).value();
  EXPECT_EQ(first.shapes.at("image"), (Shape{2, 3, 32, 32}));
  EXPECT_EQ(first.shapes.at("scale"), (Shape{2, 2}));
  EXPECT_EQ(first.channels, 3);
  EXPECT_FALSE(first.data_ms.has_value());
  EXPECT_TRUE(std::ranges::equal(first.tensors[0].as<float>(), again.tensors[0].as<float>()));
  EXPECT_FALSE(std::ranges::equal(first.tensors[0].as<float>(), other.tensors[0].as<float>()));
}

TEST(Inputs, WhatTheModelCannotTakeIsRefusedByTheInputsName) {
  for (const Shape& image :
       {Shape{1, 3, -1, -1}, Shape{-1, 3, 64, 64}, Shape{-1, -1, -1, -1}, Shape{-1, 10}}) {
    const Status status = make_inputs(model(image), group("synthetic"), 1).status();
    EXPECT_EQ(status.code(), ErrorCode::kUnsupported);
    EXPECT_THAT(status.message(), testing::HasSubstr("'image'"));
  }
}

TEST(Inputs, PicturesAreReadAndTheirTimeIsToldApart) {
  std::string folder = (std::filesystem::temp_directory_path() / "inputs_test.XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  ASSERT_TRUE(vision::write_synth_folder(folder + "/data", {.images_per_class = 2, .seed = 1}).ok());
  const Result<GroupInputs> inputs = make_inputs(model({-1, 3, -1, -1}), group(folder + "/data"), 1);
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(inputs.ok()) << inputs.status().message();
  EXPECT_GT(*inputs->data_ms, 0);
  const auto pixels = inputs->tensors[0].as<float>();
  const size_t image = pixels.size() / 2;
  EXPECT_FALSE(std::ranges::equal(pixels.first(image), pixels.last(image)));
}

TEST(Inputs, PicturesFollowTheModelsContractAndAContradictionIsRefused) {
  const TemporaryFolder folder;
  ASSERT_TRUE(vision::write_synth_folder(folder / "data", {.images_per_class = 2, .seed = 1}).ok());
  Graph graph = model({-1, 3, -1, -1});
  graph.inputs.resize(1);
  graph.outputs = {{.name = "mean", .type = {DType::kF32, Shape{-1, 3, 1, 1}}, .dim_names = {}}};
  graph.nodes = {{.name = "pool", .op = "GlobalAveragePool", .inputs = {"image"}, .outputs = {"mean"}}};
  const auto first_pixel = [&](const vision::Contract& contract) {
    graph.metadata = vision::to_metadata(contract);
    const Result<GroupInputs> inputs = make_inputs(graph, group(folder / "data/train"), 1);
    EXPECT_TRUE(inputs.ok()) << inputs.status().message();
    return inputs.ok() ? inputs->tensors[0].as<float>()[0] : 0;
  };
  vision::Contract contract;
  contract.preprocessing.mean = {0, 0, 0};
  contract.preprocessing.stddev = {1, 1, 1};
  const float plain = first_pixel(contract);
  EXPECT_GE(plain, 0);
  contract.preprocessing.mean = {2, 0, 0};
  EXPECT_NEAR(first_pixel(contract), plain - 2, 1e-5);
  contract.classes = {"one", "two"};
  graph.metadata = vision::to_metadata(contract);
  const Status refused = make_inputs(graph, group(folder / "data/train"), 1).status();
  EXPECT_EQ(refused.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(refused.message(), testing::HasSubstr("2 classes"));
}

TEST(Inputs, AFolderWithoutPicturesIsBadInput) {
  EXPECT_EQ(make_inputs(model({-1, 3, -1, -1}), group("/no/such/folder"), 1).status().code(),
            ErrorCode::kNotFound);
}

}  // namespace
}  // namespace ridgeline::bench
