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

ModelInferRequest message_from(const Json& request) {
  ModelInferRequest message;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(request.dump(), &message).ok());
  return message;
}

/// What a Triton server 2.51 answered over gRPC (data/grpc_calls.json).
const Json& recorded() {
  static const Json cases = read_json(WIRE_TEST_DATA "/grpc_calls.json").value();
  return cases;
}

/// As a client sends it.
Result<InferRequest> decode(const ModelInferRequest& message) {
  auto bytes = std::make_shared<const std::string>(message.SerializeAsString());
  const auto view = std::as_bytes(std::span(*bytes));
  ASSIGN_OR_RETURN(grpc::ParsedRequest parsed, grpc::parse(view, std::move(bytes)));
  return grpc::decode(std::move(parsed));
}

std::string joined(const std::vector<grpc::Piece>& pieces) {
  std::string bytes;
  for (const grpc::Piece& piece : pieces)
    bytes.append(piece.framing)
        .append(reinterpret_cast<const char*>(piece.tensor.data()), piece.tensor.size());
  return bytes;
}

/// Decoded and held against the model; the input comes back as the output.
Result<std::string> answer_to(const ModelInferRequest& message) {
  ASSIGN_OR_RETURN(const InferRequest request, decode(message));
  RETURN_IF_ERROR(check_against(recorded_model(request.model), request));
  InferResponse response{.model_name = request.model, .model_version = "1", .id = request.id};
  for (const InputTensor& input : request.inputs)
    response.outputs.push_back({"OUTPUT0", input.datatype, input.shape, input.data});
  return joined(grpc::encode(response));
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
    EXPECT_EQ(hex_of(*answer), call["raw_hex"]);
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

std::string bytes_of_only_input(const ModelInferRequest& message) {
  const auto request = decode(message);
  EXPECT_TRUE(request.ok()) << request.status().message();
  if (!request.ok()) return "";
  const auto data = request->inputs.at(0).data;
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

TEST(GrpcDecode, LeavesRawContentsWhereTheyAre) {
  ModelInferRequest message;
  add_input(message, "a", "INT16");
  add_input(message, "b", "INT8");
  message.add_raw_input_contents("abcd");
  message.add_raw_input_contents("xy");
  message.set_id("7");
  const auto bytes = std::make_shared<const std::string>(message.SerializeAsString());
  auto parsed = grpc::parse(std::as_bytes(std::span(*bytes)), bytes);
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(parsed->message->raw_input_contents().empty());
  const auto request = grpc::decode(*std::move(parsed));
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->id, "7");
  EXPECT_EQ(reinterpret_cast<const char*>(request->inputs[0].data.data()), &(*bytes)[bytes->find("abcd")]);
  EXPECT_EQ(reinterpret_cast<const char*>(request->inputs[1].data.data()), &(*bytes)[bytes->find("xy")]);
}

TEST(GrpcDecode, TakesFieldsInAnyOrderAndMergesThoseThatCameInParts) {
  ModelInferRequest first;
  first.set_model_name("m");
  add_input(first, "a", "INT8");
  first.add_raw_input_contents("12");
  ModelInferRequest second;
  add_input(second, "b", "INT8");
  second.add_raw_input_contents("34");
  const auto bytes =
      std::make_shared<const std::string>(second.SerializeAsString() + first.SerializeAsString());
  auto parsed = grpc::parse(std::as_bytes(std::span(*bytes)), bytes);
  ASSERT_TRUE(parsed.ok());
  const auto request = grpc::decode(*std::move(parsed));
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->model, "m");
  ASSERT_EQ(request->inputs.size(), 2U);
  EXPECT_EQ(request->inputs[0].name, "b");
  EXPECT_EQ(static_cast<char>(request->inputs[1].data[0]), '1');
}

TEST(GrpcDecode, RefusesEveryCutMessage) {
  ModelInferRequest message;
  message.set_model_name("name");
  add_input(message, "a", "INT16");
  message.add_raw_input_contents("abcd");
  const std::string whole = message.SerializeAsString();
  int refused = 0;
  for (size_t length = 0; length < whole.size(); ++length) {
    const std::string_view cut(whole.data(), length);
    const auto parsed = grpc::parse(std::as_bytes(std::span(cut)), nullptr);
    ModelInferRequest by_protobuf;
    EXPECT_EQ(parsed.ok(), by_protobuf.ParseFromArray(cut.data(), static_cast<int>(cut.size())));
    refused += parsed.ok() ? 0 : 1;
  }
  EXPECT_GT(refused, 20);
}

TEST(GrpcDecode, KeepsTheBytesWhileTheRequestLives) {
  auto bytes = std::make_shared<const std::string>(ModelInferRequest().SerializeAsString());
  const std::weak_ptr<const std::string> watched = bytes;
  {
    const auto view = std::as_bytes(std::span(*bytes));
    auto parsed = grpc::parse(view, std::move(bytes));
    ASSERT_TRUE(parsed.ok());
    const auto request = grpc::decode(*std::move(parsed));
    ASSERT_TRUE(request.ok());
    EXPECT_FALSE(watched.expired());
  }
  EXPECT_TRUE(watched.expired());
}

TEST(GrpcDecode, BringsTypedContentsIntoTheFormOfRawOnes) {
  ModelInferRequest narrow;
  auto& contents = *add_input(narrow, "a", "INT8").mutable_contents();
  contents.add_int_contents(-1);
  contents.add_int_contents(5);
  EXPECT_EQ(bytes_of_only_input(narrow), "\xff\x05");
  ModelInferRequest half;
  add_input(half, "a", "UINT16").mutable_contents()->add_uint_contents(0x0102);
  EXPECT_EQ(bytes_of_only_input(half), "\x02\x01");
  ModelInferRequest text;
  add_input(text, "a", "BYTES").mutable_contents()->add_bytes_contents("hi");
  EXPECT_EQ(bytes_of_only_input(text), std::string("\2\0\0\0hi", 6));
}

TEST(GrpcDecode, RefusesContentsOfAnotherTypeAndOfTwo) {
  ModelInferRequest message;
  message.set_model_name("m");
  auto& contents = *add_input(message, "a", "FP32").mutable_contents();
  contents.add_int_contents(1);
  EXPECT_EQ(
      decode(message).status().message(),
      "unexpected explicit tensor data for input tensor 'a' for model 'm' of type 'INT32', expected datatype "
      "'FP32'");
  contents.clear_int_contents();
  contents.add_fp32_contents(1);
  contents.add_fp64_contents(1);
  EXPECT_EQ(decode(message).status().message(),
            "unexpected explicit tensor data for input tensor 'a' for model 'm', binary data was already "
            "supplied.");
}

TEST(GrpcDecode, TakesRawContentsOnlyForInputsThatAreNotInSharedMemory) {
  ModelInferRequest message;
  auto& shared = add_input(message, "s", "FP32");
  (*shared.mutable_parameters())["shared_memory_region"].set_string_param("region");
  (*shared.mutable_parameters())["shared_memory_byte_size"].set_int64_param(8);
  add_input(message, "r", "UINT8");
  message.add_raw_input_contents("xy");
  const auto request = decode(message);
  ASSERT_TRUE(request.ok()) << request.status().message();
  EXPECT_EQ(request->inputs[0].shared_memory, (SharedMemoryRef{"region", 0, 8}));
  EXPECT_EQ(request->inputs[1].data.size(), 2U);
  (*shared.mutable_parameters())["shared_memory_offset"].set_int64_param(-4);
  EXPECT_EQ(decode(message).status().code(), ErrorCode::kInvalidArgument);
}

TEST(GrpcDecode, ReadsReservedParametersAndKeepsOthers) {
  ModelInferRequest message;
  auto& parameters = *message.mutable_parameters();
  parameters["sequence_id"].set_int64_param(42);
  parameters["sequence_start"].set_bool_param(true);
  parameters["priority"].set_uint64_param(3);
  parameters["timeout"].set_int64_param(500);
  parameters["own"].set_double_param(0.5);
  const auto request = decode(message);
  ASSERT_TRUE(request.ok()) << request.status().message();
  EXPECT_EQ(std::get<uint64_t>(request->sequence.id), 42U);
  EXPECT_TRUE(request->sequence.start);
  EXPECT_EQ(request->priority, 3U);
  EXPECT_EQ(request->timeout_us, 500U);
  EXPECT_EQ(request->parameters, (Parameters{{"own", 0.5}}));
  parameters["timeout"].set_string_param("soon");
  EXPECT_EQ(decode(message).status().message(),
            "invalid value type for 'timeout' parameter, expected int64_param.");
}

TEST(GrpcEncode, WrapsAnAnswerOfAStreamAndMarksAnError) {
  const std::string tensor(300, 'x');
  const InferResponse response{
      .model_name = "m",
      .model_version = "1",
      .id = "7",
      .parameters = {{"triton_final_response", true}},
      .outputs = {{"a", DType::kU8, {300}, std::as_bytes(std::span(tensor))}, {"b", DType::kU8, {0}, {}}}};
  inference::ModelStreamInferResponse streamed;
  ASSERT_TRUE(streamed.ParseFromString(joined(grpc::encode_streamed(response))));
  EXPECT_EQ(streamed.infer_response().SerializeAsString(), joined(grpc::encode(response)));
  EXPECT_EQ(streamed.infer_response().raw_output_contents(0), tensor);
  EXPECT_EQ(streamed.infer_response().raw_output_contents_size(), 2);
  inference::ModelStreamInferResponse failed;
  ASSERT_TRUE(failed.ParseFromString(grpc::encode_stream_error("busy", "7")));
  EXPECT_EQ(failed.error_message(), "busy");
  EXPECT_EQ(failed.infer_response().id(), "7");
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
