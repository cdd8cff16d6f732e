#include "bench/matrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

namespace ridgeline::bench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

EngineFacts here(std::vector<Precision> precisions) {
  return {"1", {true, "", {{"cpu", true, "", std::move(precisions)}, {"cuda:0", false, "no GPU", {}}}}};
}

EngineTable engines() {
  return {{"native", here({Precision::kFp32, Precision::kBf16})},
          {"openvino", {"", {false, "openvino is not installed", {}}}},
          {"libtorch", here({Precision::kFp32})},
          {"null", here({Precision::kFp32})}};
}

std::vector<std::string> names(const Group& group) {
  std::vector<std::string> result;
  for (const PlannedCell& cell : group.cells)
    result.push_back(cell.contestant.name() + " " + std::string(name_of(cell.status)));
  return result;
}

TEST(Matrix, AllMeansEveryEngineButNullAtEachOfItsPrecisionsBaselineFirst) {
  const Matrix matrix = plan({}, engines(), 2).value();
  ASSERT_EQ(matrix.groups.size(), 1U);
  EXPECT_THAT(names(matrix.groups[0]),
              ElementsAre("libtorch:fp32 OK", "native:fp32 OK", "native:bf16 OK", "openvino:fp32 SKIPPED"));
  EXPECT_EQ(matrix.groups[0].key.threads, 2);
  EXPECT_EQ(matrix.groups[0].cells[3].reason, "openvino is not installed");
}

TEST(Matrix, WhatWasAskedForByNameAndCannotRunHasItsRow) {
  RaceConfig config;
  config.engines = {"native", "null", "native"};
  config.precisions = {"int8"};
  config.devices = {"cpu", "cuda:0"};
  const Matrix matrix = plan(config, engines(), 2).value();
  EXPECT_THAT(names(matrix.groups[0]),
              ElementsAre("libtorch:fp32 OK", "native:int8 UNSUPPORTED", "null:int8 UNSUPPORTED"));
  EXPECT_THAT(names(matrix.groups[1]),
              ElementsAre("libtorch:fp32 SKIPPED", "native:int8 SKIPPED", "null:int8 SKIPPED"));
  EXPECT_EQ(matrix.groups[1].cells[0].reason, "no GPU");
}

TEST(Matrix, AnAbsentBaselineIsReplacedVisibly) {
  RaceConfig config;
  config.baseline = {"openvino", "fp32"};
  const Matrix matrix = plan(config, engines(), 2).value();
  EXPECT_EQ(matrix.baseline.name(), "native:fp32");
  EXPECT_THAT(matrix.baseline_note, HasSubstr("openvino is not installed"));
}

TEST(Matrix, ShardsPartitionTheGroups) {
  RaceConfig config;
  config.sizes = {{224, 224}, {256, 256}, {384, 384}};
  config.batches = {1, 8};
  const auto planned = [&] {
    const Matrix matrix = plan(config, engines(), 2).value();
    std::multiset<std::string> groups;
    for (const Group& group : matrix.groups) groups.insert(group.key.name());
    return groups;
  };
  const std::multiset<std::string> all = planned();
  std::multiset<std::string> parts;
  for (size_t i = 1; i <= 4; ++i) {
    config.shard = {i, 4};
    parts.merge(planned());
  }
  EXPECT_EQ(all.size(), 6U);
  EXPECT_EQ(all, parts);
}

TEST(Matrix, AnUnknownEngineIsRefusedWithTheKnownOnes) {
  RaceConfig config;
  config.engines = {"tensorflow"};
  const Status status = plan(config, engines(), 2).status();
  EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("known are native, openvino"));
}

TEST(Config, SettingsAreReadFromListsAndFromStringsWithCommas) {
  RaceConfig config;
  const Json settings = {{"sizes", "224,256x320"}, {"batches", {1, "8"}}, {"baseline", "native:bf16"},
                         {"shard", "2/3"},         {"max_time", "1.5"},   {"resume", true}};
  ASSERT_TRUE(apply_settings(settings, "quick.yaml", config).ok());
  EXPECT_THAT(config.sizes, ElementsAre(ImageSize{224, 224}, ImageSize{256, 320}));
  EXPECT_THAT(config.batches, ElementsAre(1, 8));
  EXPECT_EQ(config.baseline.name(), "native:bf16");
  EXPECT_EQ(config.shard.index, 2U);
  EXPECT_EQ(config.max_time_s, 1.5);
  EXPECT_TRUE(config.resume);
}

TEST(Config, EveryBadSettingIsRefusedByItsName) {
  const std::vector<std::pair<Json, std::string>> cases = {
      {{{"engine", "native"}}, "unknown key 'engine'"},
      {{{"sizes", "0"}}, "sizes: '0' is not a size"},
      {{{"batches", "-1"}}, "batches: -1 is less"},
      {{{"runs", "many"}}, "runs: 'many' is not a number"},
      {{{"shard", "5/4"}}, "shard: '5/4'"},
      {{{"baseline", "native"}}, "baseline: 'native'"},
      {{{"devices", ""}}, "devices: the list is empty"},
      {{{"resume", "si"}}, "resume: takes true or false"}};
  for (const auto& [settings, message] : cases) {
    RaceConfig config;
    const Status status = apply_settings(settings, "file.yaml", config);
    EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument) << settings;
    EXPECT_THAT(status.message(), HasSubstr("file.yaml: ")) << settings;
    EXPECT_THAT(status.message(), HasSubstr(message));
  }
}

}  // namespace
}  // namespace ridgeline::bench
