// Every gRPC call that a Triton server 2.51 was recorded with, sent over a socket.

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <grpcpp/generic/generic_stub.h>

#include "base/json.h"
#include "grpc_harness.h"
#include "wire/error.h"

namespace ridgeline::serve::grpc {
namespace {

using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using google::protobuf::util::JsonStringToMessage;

const Json& recorded() {
  static const Json calls = read_json(WIRE_TEST_DATA "/grpc_calls.json").value();
  return calls;
}

std::vector<std::string> recorded_names() {
  std::vector<std::string> names;
  for (const auto& [name, call] : recorded().items()) names.push_back(name);
  return names;
}

std::string method_of(const std::string& name) {
  static const std::vector<std::pair<std::string, std::string>> kMethods = {
      {"ready", "ServerReady"},
      {"server_meta", "ServerMetadata"},
      {"model_meta", "ModelMetadata"},
      {"model_config", "ModelConfig"},
      {"model_stats", "ModelStatistics"},
      {"model_ready", "ModelReady"},
      {"infer", "ModelInfer"},
      {"fail_exec", "ModelInfer"},
      {"index", "RepositoryIndex"},
      {"shm_status", "SystemSharedMemoryStatus"},
      {"shm_register", "SystemSharedMemoryRegister"},
      {"shm_unregister", "SystemSharedMemoryUnregister"},
      {"load", "RepositoryModelLoad"},
      {"unload", "RepositoryModelUnload"},
      {"log", "LogSettings"}};
  for (const auto& [prefix, method] : kMethods)
    if (name == prefix || name.starts_with(prefix + "_")) return method;
  ADD_FAILURE() << name;
  return "";
}

std::unique_ptr<Message> message_of(const google::protobuf::Descriptor& type) {
  const auto& factory = *google::protobuf::MessageFactory::generated_factory();
  return std::unique_ptr<Message>(
      const_cast<google::protobuf::MessageFactory&>(factory).GetPrototype(&type)->New());
}

struct Reply {
  ::grpc::Status status;
  std::string bytes;
};

/// The bytes of a request, whatever they are.
Reply call(const Harness& server, const std::string& method, const std::string& request) {
  const ::grpc::Slice slice(request);
  const ::grpc::ByteBuffer sent(&slice, 1);
  ::grpc::GenericStub stub(server.channel);
  ::grpc::ClientContext context;
  ::grpc::CompletionQueue queue;
  const auto reader =
      stub.PrepareUnaryCall(&context, "/inference.GRPCInferenceService/" + method, sent, &queue);
  Reply reply;
  ::grpc::ByteBuffer received;
  reader->StartCall();
  reader->Finish(&received, &reply.status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  ::grpc::Slice whole;
  if (reply.status.ok() && received.DumpToSingleSlice(&whole).ok())
    reply.bytes.assign(reinterpret_cast<const char*>(whole.begin()), whole.size());
  return reply;
}

std::string code_name(const ::grpc::Status& status) {
  for (const ErrorCode code : {ErrorCode::kInvalidArgument, ErrorCode::kNotFound, ErrorCode::kAlreadyExists,
                               ErrorCode::kUnavailable, ErrorCode::kInternal})
    if (wire::grpc_status_of(code) == status.error_code()) return std::string(name_of(code));
  return "another";
}

/// What is said otherwise on purpose, or is another server's own.
void take_out_differences(const std::string& name, Json& reply) {
  if (name != "server_meta") return;
  reply["version"] = kVersion;
  Json extensions = Json::array();
  for (const Json& extension : reply["extensions"])
    if (extension != "cuda_shared_memory") extensions.push_back(extension);
  reply["extensions"] = extensions;
}

class RecordedGrpcCall : public testing::TestWithParam<std::string> {};

TEST_P(RecordedGrpcCall, GetsTritonsAnswer) {
  const Harness server({}, true);
  const Json& recording = recorded().at(GetParam());
  const MethodDescriptor& method = *inference::ModelInferRequest::descriptor()
                                        ->file()
                                        ->FindServiceByName("GRPCInferenceService")
                                        ->FindMethodByName(method_of(GetParam()));
  const auto request = message_of(*method.input_type());
  ASSERT_TRUE(JsonStringToMessage(recording["request"].dump(), request.get()).ok());
  const Reply reply = call(server, method.name(), request->SerializeAsString());
  if (recording["code"] != "OK") {
    EXPECT_EQ(reply.status.error_message(), recording["details"]);
    EXPECT_EQ(code_name(reply.status), recording["code"]);
    return;
  }
  ASSERT_TRUE(reply.status.ok()) << reply.status.error_message();
  const auto answer = message_of(*method.output_type());
  ASSERT_TRUE(answer->ParseFromString(reply.bytes));
  Json expected = recording["reply"];
  take_out_differences(GetParam(), expected);
  const auto wanted = message_of(*method.output_type());
  ASSERT_TRUE(JsonStringToMessage(expected.dump(), wanted.get()).ok());
  std::string differences;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&differences);
  EXPECT_TRUE(differencer.Compare(*wanted, *answer)) << differences;
}

INSTANTIATE_TEST_SUITE_P(Triton, RecordedGrpcCall, testing::ValuesIn(recorded_names()),
                         [](const auto& param_info) { return param_info.param; });

TEST(GrpcCalls, RefuseBytesThatAreNoMessage) {
  const Harness server;
  EXPECT_EQ(call(server, "ModelInfer", "\xff\xff\xff").status.error_code(),
            ::grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_FALSE(call(server, "ModelMetadata", "\xff\xff\xff").status.ok());
  EXPECT_EQ(call(server, "NoSuchCall", "").status.error_code(), ::grpc::StatusCode::UNIMPLEMENTED);
}

}  // namespace
}  // namespace ridgeline::serve::grpc
