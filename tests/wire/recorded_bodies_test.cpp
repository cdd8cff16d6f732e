// The bodies of the other endpoints, held to what a real Triton answered.

#include <array>
#include <gtest/gtest.h>

#include "wire/http/control.h"
#include "wire/http/generate.h"
#include "wire/http/infer_response.h"
#include "wire/http/metadata.h"
#include "wire/recorded.h"

namespace ridgeline::wire::http {
namespace {

std::string error_of(const Status& status) { return encode_error(status.message()); }

TEST(RecordedBodies, ServerMetadata) {
  constexpr std::array<std::string_view, 13> kExtensions = {"classification",
                                                            "sequence",
                                                            "model_repository",
                                                            "model_repository(unload_dependents)",
                                                            "schedule_policy",
                                                            "model_configuration",
                                                            "system_shared_memory",
                                                            "cuda_shared_memory",
                                                            "binary_tensor_data",
                                                            "parameters",
                                                            "statistics",
                                                            "trace",
                                                            "logging"};
  EXPECT_EQ(encode_server_metadata("triton", "2.51.0", kExtensions), recorded_case("v2").response);
}

TEST(RecordedBodies, ModelMetadata) {
  const std::array<std::string, 1> versions = {"1"};
  EXPECT_EQ(encode_model_metadata(recorded_model("identity_py"), versions, "python"),
            recorded_case("model_meta_v1").response);
  EXPECT_EQ(encode_model_metadata(recorded_model("identity_bytes"), versions, "python"),
            recorded_case("meta_identity_bytes").response);
  EXPECT_EQ(encode_model_metadata(recorded_model("identity_multi"), versions, "python"),
            recorded_case("meta_identity_multi").response);
}

TEST(RecordedBodies, TheBatchDimensionOfAModelStandsInItsMetadata) {
  ModelSignature preprocess{.name = "preprocess", .max_batch_size = 8};
  preprocess.inputs = {{.name = "IMAGE", .datatype = DType::kU8, .dims = {224, 224, 3}}};
  preprocess.outputs = {{.name = "PIXELS", .datatype = DType::kF32, .dims = {3, 224, 224}}};
  const std::array<std::string, 1> versions = {"1"};
  EXPECT_EQ(encode_model_metadata(preprocess, versions, "python"), recorded_case("meta_preprocess").response);
}

TEST(RecordedBodies, RepositoryIndex) {
  EXPECT_FALSE(*decode_index_request(recorded_case("index_post").request));
  EXPECT_TRUE(*decode_index_request(recorded_case("index_post_ready").request));
  std::vector<IndexEntry> entries;
  for (const char* name : {"fail_exec", "fail_load", "identity_b8", "identity_bytes", "identity_multi",
                           "identity_py", "pipeline", "preprocess", "resnet_py", "slow_load"})
    entries.push_back({.name = name, .version = "1", .state = "READY"});
  entries.back() = {.name = "slow_load"};
  entries[1] = {.name = "fail_load"};
  EXPECT_EQ(encode_repository_index(entries), recorded_case("index_post").response);
  entries[1] = {.name = "fail_load",
                .version = "1",
                .state = "UNAVAILABLE",
                .reason =
                    "Internal: RuntimeError: cannot initialise\n\nAt:\n  models/fail_load/1/model.py(3): "
                    "initialize\n"};
  EXPECT_EQ(encode_repository_index(entries), recorded_case("index_after_fail").response);
}

TEST(RecordedBodies, SharedMemory) {
  const std::array<SystemRegion, 1> regions = {SystemRegion{"r0", "/golden_r0", 0, 128}};
  EXPECT_EQ(encode_system_shared_memory(regions), recorded_case("shm_status").response);
  EXPECT_EQ(encode_system_shared_memory({}), recorded_case("shm_status_empty").response);
  EXPECT_EQ(encode_system_shared_memory({}), recorded_case("cuda_shm_status").response);
  const Result<RegisterRequest> request = decode_register_request(recorded_case("shm_register_ok").request);
  ASSERT_TRUE(request.ok()) << request.status().message();
  EXPECT_EQ(request.value().key, "/golden_r0");
  EXPECT_EQ(request.value().offset, 0U);
  EXPECT_EQ(request.value().byte_size, 128U);
  const RecordedCase missing = recorded_case("shm_register_missing");
  EXPECT_EQ(error_of(decode_register_request(missing.request).status()), missing.response);
}

TEST(RecordedBodies, LoadAndUnload) {
  EXPECT_FALSE(decode_load_request(recorded_case("ctl_load_ok").request).value().config);
  EXPECT_EQ(decode_load_request(recorded_case("ctl_load_body_config_bad").request).value().config, "{nope");
  const RecordedCase malformed = recorded_case("ctl_load_body_malformed");
  EXPECT_EQ(error_of(decode_load_request(malformed.request).status()), malformed.response);
  EXPECT_FALSE(*decode_unload_request(recorded_case("ctl_unload_dependent").request));
  EXPECT_TRUE(*decode_unload_request(recorded_case("ctl_unload_ensemble_with_dependents").request));
}

TEST(RecordedBodies, LoggingAndTrace) {
  LogSettings logging;
  EXPECT_EQ(encode_log_settings(logging), recorded_case("logging_get").response);
  EXPECT_TRUE(update_log_settings(recorded_case("logging_post_bad").request, logging).ok());
  EXPECT_EQ(encode_log_settings(logging), recorded_case("logging_post_bad").response);
  EXPECT_EQ(encode_trace_settings({}), recorded_case("trace_get").response);
}

TEST(RecordedBodies, Generate) {
  const RecordedCase recorded = recorded_case("generate");
  const InferBody body{.model = "identity_py", .bytes = bytes_of(recorded.request)};
  const Result<InferRequest> request = decode_generate_request(body, recorded_model("identity_py"), {});
  ASSERT_TRUE(request.ok()) << request.status().message();
  ASSERT_EQ(request.value().inputs.size(), 1U);
  const InputTensor& input = request.value().inputs[0];
  const InferResponse response{.model_name = "identity_py",
                               .model_version = "1",
                               .outputs = {{"OUTPUT0", input.datatype, input.shape, input.data}}};
  EXPECT_EQ(*encode_generate_response(response), recorded.response);
}

}  // namespace
}  // namespace ridgeline::wire::http
