#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>

#include "base/json.h"
#include "grpc_service.pb.h"
#include "health.pb.h"
#include "recorded.h"
#include "wire/check.h"
#include "wire/grpc/infer.h"

namespace ridgeline::wire {
namespace {

using inference::ModelInferRequest;

std::shared_ptr<ModelInferRequest> message_from(const Json& request) {
  auto message = std::make_shared<ModelInferRequest>();
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(request.dump(), message.get()).ok());
  return message;
}

/// What a Triton server 2.51 answered to ModelInfer calls (data/grpc_infer.json).
const Json& recorded() {
  static const Json cases = read_json(WIRE_TEST_DATA "/grpc_infer.json").value();
  return cases;
}

/// Decoded and held against the model; the input comes back as the output.
Result<inference::ModelInferResponse> answer_to(std::shared_ptr<const ModelInferRequest> message) {
  ASSIGN_OR_RETURN(const InferRequest request, grpc::decode(std::move(message)));
  RETURN_IF_ERROR(check_against(recorded_model(request.model), request));
  InferResponse response{.model_name = request.model, .model_version = "1", .id = request.id};
  for (const InputTensor& input : request.inputs)
    response.outputs.push_back({"OUTPUT0", input.datatype, input.shape, input.data});
  return grpc::encode(response);
}

std::string hex_of(const std::string& bytes) {
  std::string hex;
  for (const char byte : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return hex;
}

class RecordedCall : public testing::TestWithParam<std::string> {};

TEST_P(RecordedCall, GetsTritonsAnswer) {
  const Json& call = recorded().at(GetParam());
  const auto answer = answer_to(message_from(call["request"]));
  if (call["code"] == "OK") {
    ASSERT_TRUE(answer.ok()) << answer.status().message();
    EXPECT_EQ(hex_of(answer->SerializeAsString()), call["raw_hex"]);
  } else {
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(name_of(answer.status().code()), call["code"]);
    EXPECT_EQ(answer.status().message(), call["details"]);
  }
}

INSTANTIATE_TEST_SUITE_P(Triton, RecordedCall,
                         testing::Values("infer_identity_py_none", "infer_identity_py_1", "infer_typed",
                                         "infer_both", "infer_none", "infer_typed_few", "infer_rank",
                                         "infer_dtype_unknown", "infer_raw_long", "infer_neg_shape",
                                         "infer_input_name", "infer_extra_input", "infer_dup_input",
                                         "infer_output_name", "infer_no_inputs", "infer_b8_rank",
                                         "infer_raw_count"),
                         [](const auto& param_info) { return param_info.param; });

ModelInferRequest::InferInputTensor& add_input(ModelInferRequest& message, const std::string& name,
                                               const std::string& datatype) {
  auto& input = *message.add_inputs();
  input.set_name(name);
  input.set_datatype(datatype);
  input.add_shape(2);
  return input;
}

std::string bytes_of_only_input(const std::shared_ptr<ModelInferRequest>& message) {
  const auto request = grpc::decode(message);
  EXPECT_TRUE(request.ok()) << request.status().message();
  if (!request.ok()) return "";
  const auto data = request->inputs.at(0).data;
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

TEST(GrpcDecode, LeavesRawContentsAndListsOfTheTensorsTypeWhereTheyAre) {
  auto message = std::make_shared<ModelInferRequest>();
  add_input(*message, "a", "INT16");
  message->add_raw_input_contents("abcd");
  const auto raw = grpc::decode(message);
  ASSERT_TRUE(raw.ok());
  EXPECT_EQ(static_cast<const void*>(raw->inputs[0].data.data()), message->raw_input_contents(0).data());
  auto typed = std::make_shared<ModelInferRequest>();
  add_input(*typed, "a", "INT64").mutable_contents()->add_int64_contents(7);
  const auto list = grpc::decode(typed);
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(static_cast<const void*>(list->inputs[0].data.data()),
            typed->inputs(0).contents().int64_contents().data());
}

TEST(GrpcDecode, KeepsTheMessageWhileTheRequestLives) {
  auto message = std::make_shared<ModelInferRequest>();
  const std::weak_ptr<ModelInferRequest> watched = message;
  {
    const auto request = grpc::decode(std::move(message));
    ASSERT_TRUE(request.ok());
    EXPECT_FALSE(watched.expired());
  }
  EXPECT_TRUE(watched.expired());
}

TEST(GrpcDecode, BringsTypedContentsIntoTheFormOfRawOnes) {
  auto narrow = std::make_shared<ModelInferRequest>();
  auto& contents = *add_input(*narrow, "a", "INT8").mutable_contents();
  contents.add_int_contents(-1);
  contents.add_int_contents(5);
  EXPECT_EQ(bytes_of_only_input(narrow), "\xff\x05");
  auto half = std::make_shared<ModelInferRequest>();
  add_input(*half, "a", "UINT16").mutable_contents()->add_uint_contents(0x0102);
  EXPECT_EQ(bytes_of_only_input(half), "\x02\x01");
  auto text = std::make_shared<ModelInferRequest>();
  add_input(*text, "a", "BYTES").mutable_contents()->add_bytes_contents("hi");
  EXPECT_EQ(bytes_of_only_input(text), std::string("\2\0\0\0hi", 6));
}

TEST(GrpcDecode, RefusesContentsOfAnotherTypeAndOfTwo) {
  auto message = std::make_shared<ModelInferRequest>();
  message->set_model_name("m");
  auto& contents = *add_input(*message, "a", "FP32").mutable_contents();
  contents.add_int_contents(1);
  EXPECT_EQ(
      grpc::decode(message).status().message(),
      "unexpected explicit tensor data for input tensor 'a' for model 'm' of type 'INT32', expected datatype "
      "'FP32'");
  contents.clear_int_contents();
  contents.add_fp32_contents(1);
  contents.add_fp64_contents(1);
  EXPECT_EQ(grpc::decode(message).status().message(),
            "unexpected explicit tensor data for input tensor 'a' for model 'm', binary data was already "
            "supplied.");
}

TEST(GrpcDecode, TakesRawContentsOnlyForInputsThatAreNotInSharedMemory) {
  auto message = std::make_shared<ModelInferRequest>();
  auto& shared = add_input(*message, "s", "FP32");
  (*shared.mutable_parameters())["shared_memory_region"].set_string_param("region");
  (*shared.mutable_parameters())["shared_memory_byte_size"].set_int64_param(8);
  add_input(*message, "r", "UINT8");
  message->add_raw_input_contents("xy");
  const auto request = grpc::decode(message);
  ASSERT_TRUE(request.ok()) << request.status().message();
  EXPECT_EQ(request->inputs[0].shared_memory, (SharedMemoryRef{"region", 0, 8}));
  EXPECT_EQ(request->inputs[1].data.size(), 2U);
  (*shared.mutable_parameters())["shared_memory_offset"].set_int64_param(-4);
  EXPECT_EQ(grpc::decode(message).status().code(), ErrorCode::kInvalidArgument);
}

TEST(GrpcDecode, ReadsReservedParametersAndKeepsOthers) {
  auto message = std::make_shared<ModelInferRequest>();
  auto& parameters = *message->mutable_parameters();
  parameters["sequence_id"].set_int64_param(42);
  parameters["sequence_start"].set_bool_param(true);
  parameters["priority"].set_uint64_param(3);
  parameters["timeout"].set_int64_param(500);
  parameters["own"].set_double_param(0.5);
  const auto request = grpc::decode(message);
  ASSERT_TRUE(request.ok()) << request.status().message();
  EXPECT_EQ(std::get<uint64_t>(request->sequence.id), 42U);
  EXPECT_TRUE(request->sequence.start);
  EXPECT_EQ(request->priority, 3U);
  EXPECT_EQ(request->timeout_us, 500U);
  EXPECT_EQ(request->parameters, (Parameters{{"own", 0.5}}));
  parameters["timeout"].set_string_param("soon");
  EXPECT_EQ(grpc::decode(message).status().message(),
            "invalid value type for 'timeout' parameter, expected int64_param.");
}

TEST(GrpcService, HasTheCallsThatClientsKnow) {
  const auto& service =
      *inference::ModelInferRequest::descriptor()->file()->FindServiceByName("GRPCInferenceService");
  EXPECT_EQ(service.method_count(), 20);
  EXPECT_EQ(service.full_name(), "inference.GRPCInferenceService");
  const auto& stream = *service.FindMethodByName("ModelStreamInfer");
  EXPECT_TRUE(stream.client_streaming() && stream.server_streaming());
  const auto& health = *::grpc::health::v1::HealthCheckRequest::descriptor()->file();
  EXPECT_EQ(health.service(0)->full_name(), "grpc.health.v1.Health");
}

}  // namespace
}  // namespace ridgeline::wire
