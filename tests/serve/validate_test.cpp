#include "serve/config/validate.h"

#include <gmock/gmock.h>

#include "config_text.h"
#include "serve/config/defaults.h"

namespace ridgeline::serve {
namespace {

using testing::HasSubstr;

constexpr std::string_view kTensors =
    "input { name: \"x\" data_type: TYPE_FP32 dims: 4 } output { name: \"y\" data_type: TYPE_FP32 dims: 4 "
    "}\n";

/// What is found in `text` beside an input and an output, of an ONNX file unless the text says otherwise.
std::string found_in(const std::string& text) {
  ParsedConfig parsed = parse_config(std::string(kTensors) + text, "config.pbtxt");
  EXPECT_TRUE(parsed.config) << text_of(parsed.findings);
  if (!parsed.config) return "";
  complete_names(*parsed.config, "m", {"model.onnx"});
  apply_defaults(*parsed.config);
  Findings findings("config.pbtxt", parsed.positions);
  validate(*parsed.config, findings);
  return text_of(std::move(findings).take());
}

TEST(Validate, FindsNothingInAGoodConfiguration) {
  EXPECT_EQ(found_in(""), "");
  EXPECT_EQ(found_in("max_batch_size: 8 dynamic_batching { preferred_batch_size: [ 4, 8 ] }"), "");
}

TEST(Validate, RefusesBackendsThatAreNotServedWithARemedy) {
  EXPECT_THAT(found_in("backend: \"onnx\""),
              HasSubstr("2:1: error: unknown backend 'onnx': served are onnxruntime,"));
  EXPECT_THAT(found_in("platform: \"tensorrt_plan\""), HasSubstr("export the model to ONNX"));
  EXPECT_THAT(found_in("platform: \"caffe2\""), HasSubstr("unexpected platform type 'caffe2'"));
  EXPECT_THAT(found_in("platform: \"pytorch_libtorch\" backend: \"onnxruntime\""),
              HasSubstr("unexpected 'platform' and 'backend' pair, got: pytorch_libtorch, onnxruntime"));
}

TEST(Validate, HoldsBatchingAgainstTheLargestBatch) {
  EXPECT_THAT(
      found_in("max_batch_size: 4\ndynamic_batching {\n preferred_batch_size: [ 8 ] }"),
      HasSubstr("config.pbtxt:4:2: error: preferred batch size must be <= max batch size: 8 is more than 4"));
  EXPECT_THAT(found_in("max_batch_size: -1"), HasSubstr("'max_batch_size' must be non-negative, not -1"));
  EXPECT_THAT(found_in("dynamic_batching { }"),
              HasSubstr("warning: nothing is batched where max_batch_size is 0"));
}

TEST(Validate, KeepsPrioritiesInRangeAndOutOfOrderedQueues) {
  EXPECT_THAT(found_in("max_batch_size: 4 dynamic_batching { priority_levels: 2 }"),
              HasSubstr("default priority level must be in range [1, 2], not 0"));
  EXPECT_THAT(found_in("max_batch_size: 4 dynamic_batching { priority_levels: 2 default_priority_level: 1\n"
                       "priority_queue_policy { key: 3 value { } } }"),
              HasSubstr("3:25: error: priority queue policy must have a priority level in range [1, 2]"));
  EXPECT_THAT(found_in("max_batch_size: 4 dynamic_batching { priority_levels: 2 default_priority_level: 1\n"
                       "preserve_ordering: true }"),
              HasSubstr("3:1: error: only one priority level is allowed"));
  EXPECT_THAT(found_in("max_batch_size: 4 dynamic_batching { preserve_ordering: true default_queue_policy { "
                       "timeout_action: DELAY default_timeout_microseconds: 5 } }"),
              HasSubstr("cannot have DELAY as timeout action"));
}

TEST(Validate, ChecksTheControlsOfSequences) {
  const auto control = [](const std::string& text) {
    return found_in("sequence_batching { control_input { name: \"c\" control { " + text + " } } }");
  };
  EXPECT_EQ(control("kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ]"), "");
  EXPECT_THAT(control("kind: CONTROL_SEQUENCE_START int32_false_true: [ 1 ]"), HasSubstr("needs two values"));
  EXPECT_THAT(control("kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_FP32"),
              HasSubstr("must be TYPE_UINT64"));
  EXPECT_THAT(found_in("sequence_batching { direct { minimum_slot_utilization: 1.5 } }"),
              HasSubstr("must be in range [0, 1]"));
}

TEST(Validate, ChecksTensorsInThemselves) {
  const auto input = [](const std::string& text) { return found_in("input { " + text + " }"); };
  EXPECT_THAT(input("name: \"z\" dims: 1"), HasSubstr("2:9: error: 'z' must specify 'data_type'"));
  EXPECT_THAT(input("name: \"z\" data_type: TYPE_FP32"), HasSubstr("'z' must specify 'dims'"));
  EXPECT_THAT(input("name: \"x\" data_type: TYPE_FP32 dims: 1"), HasSubstr("input 'x' is there twice"));
  EXPECT_THAT(input("data_type: TYPE_FP32 dims: 1"), HasSubstr("model input must specify 'name'"));
  EXPECT_THAT(
      input("name: \"z\" data_type: TYPE_FP32 dims: [ 0, 3 ]"),
      HasSubstr(
          "'z' dimension must be integer >= 1, or -1 to indicate a variable-size dimension, not [0,3]"));
  EXPECT_THAT(input("name: \"z\" data_type: TYPE_FP32 dims: 3 format: FORMAT_NHWC"),
              HasSubstr("of 3 dimensions"));
}

TEST(Validate, HoldsReshapeAgainstDimsBetweenVariableDimensions) {
  const auto reshaped = [](const std::string& dims, const std::string& shape) {
    return found_in("max_batch_size: 1 input { name: \"z\" data_type: TYPE_FP32 dims: [ " + dims +
                    " ] reshape { shape: [ " + shape + " ] } }");
  };
  EXPECT_EQ(reshaped("2, 4, -1, 6", "8, -1, 1, 6"), "");
  EXPECT_EQ(reshaped("1", ""), "");
  EXPECT_THAT(reshaped("2, 4, -1, 6", "4, -1, 12"),
              HasSubstr("'z' has different size for dims [2,4,-1,6] and"));
  EXPECT_THAT(reshaped("2", "-1"), HasSubstr("different size"));
  EXPECT_THAT(found_in("input { name: \"z\" data_type: TYPE_FP32 dims: 1 reshape { } }"),
              HasSubstr("scalar tensors are not supported"));
}

TEST(Validate, ServesNoGpuAndNoInstancesOfAnEnsemble) {
  EXPECT_THAT(found_in("instance_group { kind: KIND_GPU }"), HasSubstr("use KIND_CPU or KIND_AUTO"));
  EXPECT_THAT(found_in("instance_group { kind: KIND_CPU gpus: 0 }"), HasSubstr("specifies GPUs"));
  EXPECT_THAT(found_in("platform: \"ensemble\" instance_group { count: 1 } ensemble_scheduling { }"),
              HasSubstr("instance group should not be specified for an ensemble"));
  EXPECT_THAT(found_in("platform: \"ensemble\""), HasSubstr("ensemble scheduling must be set"));
  EXPECT_THAT(found_in("ensemble_scheduling { }"), HasSubstr("add platform: \"ensemble\""));
}

TEST(Validate, ChecksWarmUpsMetricsAndVersions) {
  EXPECT_THAT(found_in("model_warmup { batch_size: 2 inputs { key: \"q\" value { zero_data: true } } }"),
              HasSubstr("warm-up of 'q', which is no input of the model"));
  EXPECT_THAT(found_in("model_warmup { batch_size: 2 }"),
              HasSubstr("warm-up batch 2 is more than max_batch_size 0"));
  EXPECT_THAT(found_in("model_warmup { inputs { key: \"x\" value { } } }"), HasSubstr("one of zero_data"));
  EXPECT_THAT(found_in("model_metrics { metric_control { metric_identifier { family: \"f\" } "
                       "histogram_options { buckets: [ 2, 1 ] } } }"),
              HasSubstr("buckets must ascend"));
  EXPECT_THAT(found_in("version_policy { specific { } }"), HasSubstr("names no version"));
}

TEST(Validate, LetsNoFileNameLeaveItsFolder) {
  EXPECT_THAT(found_in("default_model_filename: \"../model.onnx\" backend: \"onnxruntime\""),
              HasSubstr("'../model.onnx' leaves the version's folder"));
  EXPECT_THAT(found_in("output { name: \"l\" data_type: TYPE_FP32 dims: 1 label_filename: \"/etc/passwd\" }"),
              HasSubstr("'/etc/passwd' leaves the model's folder"));
  EXPECT_TRUE(stays_within("a/..b/model.onnx"));
  EXPECT_FALSE(stays_within("a/../../b"));
  EXPECT_FALSE(stays_within("a\nb"));
}

}  // namespace
}  // namespace ridgeline::serve
