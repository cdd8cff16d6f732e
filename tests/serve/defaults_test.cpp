#include "serve/config/defaults.h"

#include <gmock/gmock.h>

#include "config_text.h"

namespace ridgeline::serve {
namespace {

using testing::ElementsAre;

ModelConfig completed(const std::string& text, const std::set<std::string>& files) {
  ModelConfig config = config_of(text);
  complete_names(config, "folder", files);
  apply_defaults(config);
  return config;
}

TEST(CompleteNames, TakesTheBackendFromTheFileInAVersionsFolder) {
  const ModelConfig onnx = completed("", {"labels.txt", "model.onnx"});
  EXPECT_EQ(onnx.name, "folder");
  EXPECT_EQ(onnx.backend, "onnxruntime");
  EXPECT_EQ(onnx.platform, "onnxruntime_onnx");
  EXPECT_EQ(onnx.default_model_filename, "model.onnx");
  EXPECT_EQ(completed("", {"model.xml", "model.bin"}).backend, "openvino");
  EXPECT_EQ(completed("", {"model.pt"}).platform, "pytorch_libtorch");
  EXPECT_EQ(completed("", {"model.py"}).backend, "python");
  EXPECT_EQ(completed("", {"model.py", "model.onnx"}).backend, "onnxruntime");
  EXPECT_EQ(completed("", {"net.onnx"}).backend, "");
}

TEST(CompleteNames, BelievesWhatTheConfigurationSaysBeforeTheFiles) {
  EXPECT_EQ(completed("platform: \"pytorch_libtorch\"", {"model.onnx"}).default_model_filename, "model.pt");
  EXPECT_EQ(completed("default_model_filename: \"model.py\"", {"model.onnx"}).backend, "python");
  const ModelConfig native =
      completed("backend: \"ridgeline\" default_model_filename: \"a.onnx\"", {"model.pt"});
  EXPECT_EQ(native.backend, "ridgeline");
  EXPECT_EQ(native.default_model_filename, "a.onnx");
  EXPECT_EQ(completed("platform: \"ensemble\"", {"model.onnx"}).backend, "");
}

TEST(ApplyDefaults, GivesTwoInstancesToOnnxRuntimeOnTheCpuAndOneToOthers) {
  EXPECT_EQ(completed("", {"model.onnx"}).instance_groups.front().count, 2);
  EXPECT_EQ(completed("", {"model.pt"}).instance_groups.front().count, 1);
  const ModelConfig two = completed("instance_group [ { count: 3 }, { name: \"n\" } ]", {"model.onnx"});
  EXPECT_EQ(two.instance_groups[0].name, "folder_0");
  EXPECT_EQ(two.instance_groups[0].count, 3);
  EXPECT_EQ(two.instance_groups[1].name, "n");
  EXPECT_EQ(two.instance_groups[1].count, 2);
  EXPECT_EQ(two.instance_groups[1].kind, InstanceKind::kCpu);
}

TEST(ApplyDefaults, PrefersFullBatchesAndWaitsASecondForSequences) {
  const ModelConfig oldest = completed("max_batch_size: 4 sequence_batching { oldest { } }", {});
  const auto& sequences = std::get<SequenceBatching>(oldest.scheduling);
  EXPECT_EQ(sequences.max_sequence_idle_us, 1'000'000U);
  EXPECT_THAT(std::get<OldestStrategy>(sequences.strategy).preferred_batch_sizes, ElementsAre(4));
  const ModelConfig alone = completed("dynamic_batching { }", {});
  EXPECT_TRUE(std::get<DynamicBatching>(alone.scheduling).preferred_batch_sizes.empty());
}

TEST(ApplyDefaults, ChangesNothingTheSecondTime) {
  ModelConfig config = completed("max_batch_size: 4 dynamic_batching { }", {"model.onnx"});
  const ModelConfig once = config;
  apply_defaults(config);
  EXPECT_EQ(config, once);
}

}  // namespace
}  // namespace ridgeline::serve
