#include <gtest/gtest.h>

#include "base/file.h"
#include "serve/config/defaults.h"
#include "serve/config/json.h"
#include "serve/config/parse.h"

namespace ridgeline::serve {
namespace {

const std::string kRecorded = SERVE_TEST_DATA "/recorded/";

/// What a Triton server 2.51 told of a model, and what we tell of the same files.
class RecordedConfig : public testing::TestWithParam<std::string> {};

TEST_P(RecordedConfig, IsTheDocumentThatWeGive) {
  ParsedConfig parsed = load_config(kRecorded + "models/" + GetParam() + "/config.pbtxt");
  ASSERT_TRUE(parsed.config);
  complete_names(*parsed.config, GetParam(), {"model.py"});
  apply_defaults(*parsed.config);
  if (parsed.config->is_ensemble()) parsed.config->decoupled = false;  // as its models are
  const Json recorded = read_json(kRecorded + GetParam() + ".config.json").value();
  Json ours = config_json(*parsed.config);
  if (parsed.config->is_ensemble())
    ours["ensemble_scheduling"].erase("max_inflight_requests");               // newer than 2.51
  EXPECT_EQ(nlohmann::json(ours).dump(1), nlohmann::json(recorded).dump(1));  // keys in any order
}

INSTANTIATE_TEST_SUITE_P(Triton, RecordedConfig,
                         testing::Values("identity_b8", "identity_multi", "identity_py", "pipeline",
                                         "preprocess", "resnet_py"),
                         [](const auto& param_info) { return param_info.param; });

TEST(ConfigJson, WritesLargeNumbersAndFloatsAsTheyWereSaid) {
  const ParsedConfig parsed = load_config(SERVE_TEST_DATA "/every_field.pbtxt");
  ASSERT_TRUE(parsed.config);
  const Json json = config_json(*parsed.config);
  EXPECT_EQ(json["sequence_batching"]["oldest"]["max_queue_delay_microseconds"], 9007199254740993);
  EXPECT_EQ(json["sequence_batching"]["control_input"][0]["control"][0]["fp32_false_true"].dump(),
            "[0.0,0.1]");
  EXPECT_EQ(json["optimization"]["cuda"]["graph_spec"][0]["input"]["image"]["dim"].dump(), "[3,224]");
  EXPECT_EQ(json["optimization"]["output_pinned_memory"]["enable"], true);
  EXPECT_EQ(json["runtime"], "onnxruntime");
  EXPECT_EQ(json["model_metrics"]["metric_control"][0]["histogram_options"]["buckets"].dump(), "[0.5,2.0]");
  EXPECT_FALSE(json.contains("dynamic_batching"));
}

}  // namespace
}  // namespace ridgeline::serve
