// What the gRPC front promises beside the recorded answers.

#include <filesystem>
#include <gmock/gmock.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <thread>

#include "base/file.h"
#include "few_descriptors.h"
#include "grpc_harness.h"
#include "health.grpc.pb.h"
#include "raw_client.h"
#include "reflection.grpc.pb.h"
#include "self_signed.h"
#include "support/temporary_folder.h"

namespace ridgeline::serve::grpc {
namespace {

using namespace std::chrono_literals;
using ::grpc::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

::grpc::Status infer(inference::GRPCInferenceService::Stub& stub, const inference::ModelInferRequest& request,
                     inference::ModelInferResponse& response) {
  ::grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + 20s);
  return stub.ModelInfer(&context, request, &response);
}

::grpc::Status infer(inference::GRPCInferenceService::Stub& stub) {
  inference::ModelInferResponse response;
  return infer(stub, identity_request(), response);
}

/// Bytes of the datatype's size each.
inference::ModelInferRequest bytes_request(size_t count) {
  inference::ModelInferRequest request;
  request.set_model_name("identity_multi");
  auto& input = *request.add_inputs();
  input.set_name("IN_UINT8");
  input.set_datatype("UINT8");
  input.add_shape(static_cast<int64_t>(count));
  std::string bytes(count, 0);
  for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>(i * 7 + i / 253);
  request.add_raw_input_contents(bytes);
  return request;
}

TEST(GrpcServer, CarriesTensorsOfManyFramesBothWays) {
  const Harness server;
  const auto request = bytes_request(3'000'001);
  inference::ModelInferResponse response;
  ASSERT_TRUE(infer(*server.stub, request, response).ok());
  EXPECT_EQ(response.raw_output_contents(0), request.raw_input_contents(0));
}

TEST(GrpcServer, RefusesMessagesPastTheLimitAlsoWhereTheyAreCompressed) {
  const Harness server({.message_bytes = 100'000});
  inference::ModelInferResponse response;
  EXPECT_EQ(infer(*server.stub, bytes_request(100'001), response).error_code(),
            StatusCode::RESOURCE_EXHAUSTED);
  ::grpc::ClientContext context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  auto bomb = bytes_request(1);
  bomb.mutable_inputs(0)->set_shape(0, 50'000'000);
  bomb.set_raw_input_contents(0, std::string(50'000'000, 'x'));
  EXPECT_EQ(server.stub->ModelInfer(&context, bomb, &response).error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(infer(*server.stub).ok());
}

TEST(GrpcServer, TakesCompressedRequestsAndCompressesAnswersWhereToldTo) {
  const Harness server({.compression = CompressionLevel::kHigh});
  for (const auto algorithm : {GRPC_COMPRESS_NONE, GRPC_COMPRESS_DEFLATE, GRPC_COMPRESS_GZIP}) {
    ::grpc::ClientContext context;
    context.set_compression_algorithm(algorithm);
    inference::ModelInferResponse response;
    const auto request = bytes_request(100'000);
    ASSERT_TRUE(server.stub->ModelInfer(&context, request, &response).ok());
    EXPECT_EQ(response.raw_output_contents(0), request.raw_input_contents(0));
  }
}

TEST(GrpcServer, RefusesDecoupledModelsOutsideOfStreams) {
  Harness server;
  server.service.set_decoupled("identity_py");
  const auto status = infer(*server.stub);
  EXPECT_EQ(status.error_code(), StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(status.error_message(),
            "ModelInfer RPC doesn't support models with decoupled transaction policy");
}

TEST(GrpcServer, ShortensAMessageThatHeadersCannotCarry) {
  Harness server;
  server.service.set_run("identity_py", [](const Call& call) {
    call.client->answer(internal_error("begin{}end", std::string(20'000, '\n')));
    call.client->end();
  });
  const auto status = infer(*server.stub);
  EXPECT_EQ(status.error_code(), StatusCode::INTERNAL);
  EXPECT_THAT(status.error_message(), testing::AllOf(testing::StartsWith("begin"), testing::EndsWith("end")));
}

TEST(GrpcServer, TellsTheServiceThatAClientHasGone) {
  Harness server;
  Shelf shelf;
  server.service.set_run("identity_py", shelf.run());
  ::grpc::ClientContext context;
  std::jthread client([&] {
    inference::ModelInferResponse response;
    EXPECT_EQ(server.stub->ModelInfer(&context, identity_request(), &response).error_code(),
              StatusCode::CANCELLED);
  });
  const std::vector<Call> calls = shelf.take(1);
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_FALSE(calls[0].client->has_gone());
  context.TryCancel();
  for (int i = 0; i < 500 && !calls[0].client->has_gone(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(calls[0].client->has_gone());
  echo(calls[0]);
}

TEST(GrpcServer, DrainsByAnsweringWhatItHasAndTakingNothingMore) {
  Harness server;
  Shelf shelf;
  server.service.set_run("identity_py", shelf.run());
  std::jthread client([&] { EXPECT_TRUE(infer(*server.stub).ok()); });
  const std::vector<Call> calls = shelf.take(1);
  ASSERT_EQ(calls.size(), 1U);
  std::jthread drain([&] { EXPECT_TRUE(server.server->drain(10s)); });
  std::this_thread::sleep_for(50ms);
  echo(calls[0]);
  client.join();
  drain.join();
  const auto late = inference::GRPCInferenceService::NewStub(server.connect());
  EXPECT_EQ(infer(*late).error_code(), StatusCode::UNAVAILABLE);
}

/// Whether a call is answered that is made just after the server was told to end. Again where this machine
/// was too busy for it to come in time.
bool answers_late_call(bool on_new_connection) {
  for (int attempt = 0; attempt < 10; ++attempt) {
    Harness server;
    EXPECT_TRUE(infer(*server.stub).ok());
    const auto stub =
        inference::GRPCInferenceService::NewStub(on_new_connection ? server.connect() : server.channel);
    std::jthread drain([&] { EXPECT_TRUE(server.server->drain(10s)); });
    std::this_thread::sleep_for(50ms);
    const bool answered = infer(*stub).ok();
    EXPECT_EQ(infer(*stub).error_code(), StatusCode::UNAVAILABLE);
    if (answered) return true;
  }
  return false;
}

TEST(GrpcServer, DrainAnswersCallsThatWereOnTheirWay) {
  EXPECT_TRUE(answers_late_call(false));
  EXPECT_TRUE(answers_late_call(true)) << "on a connection that was new";
}

TEST(GrpcServer, DrainTellsBusyClientsToGoElsewhereAndCancelsNone) {
  constexpr int kClients = 12;
  for (int round = 0; round < 5; ++round) {
    Harness server;
    std::atomic<int> answered = 0;
    std::vector<::grpc::Status> ends(kClients);
    std::vector<std::jthread> clients;
    for (::grpc::Status& end : ends)
      clients.emplace_back([&] {
        const auto stub = inference::GRPCInferenceService::NewStub(server.connect());
        while ((end = infer(*stub)).ok()) ++answered;
      });
    while (answered < 10 * kClients) std::this_thread::sleep_for(1ms);
    EXPECT_TRUE(server.server->drain(10s));
    clients.clear();
    for (const ::grpc::Status& end : ends)
      EXPECT_EQ(end.error_code(), StatusCode::UNAVAILABLE) << end.error_message();
  }
}

TEST(GrpcServer, SaysThatADrainTookTooLong) {
  Harness server;
  Shelf shelf;
  server.service.set_run("identity_py", shelf.run());
  std::jthread client([&] { EXPECT_FALSE(infer(*server.stub).ok()); });
  const std::vector<Call> calls = shelf.take(1);
  ASSERT_EQ(calls.size(), 1U);
  std::jthread late([&] {
    std::this_thread::sleep_for(300ms);
    echo(calls[0]);
  });
  EXPECT_FALSE(server.server->drain(100ms));
}

TEST(GrpcServer, TakesConnectionsAgainWhenThereAreDescriptorsAgain) {
  const Harness server;
  for (const int left : {1, 20}) {  // the client's own alone, and so few that connections are turned away
    const FewDescriptors few(256, left);
    RawClient client(server.server->port());
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  ::grpc::ClientContext context;
  inference::ServerLiveResponse live;
  EXPECT_TRUE(server.stub->ServerLive(&context, {}, &live).ok());
}

TEST(GrpcServer, EndsACallWhoseMessageTakesTooMuchMemoryBeforeItIsWhole) {
  const Harness server({.message_bytes = size_t{1} << 20, .all_bytes = size_t{16} << 20});
  inference::ModelInferRequest request = identity_request();
  request.add_raw_input_contents(std::string(size_t{256} << 20, 'x'));
  ::grpc::ClientContext context;
  inference::ModelInferResponse response;
  const ::grpc::Status told = server.stub->ModelInfer(&context, request, &response);
  EXPECT_EQ(told.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(told.error_message(), Not(HasSubstr("larger than max"))) << "it was held as a whole";
  EXPECT_TRUE(infer(*server.stub).ok());
}

TEST(GrpcServer, SaysWhoseAddressIsTaken) {
  const Harness first;
  FakeService service;
  const auto second = Server::start({.address = "127.0.0.1", .port = first.server->port()}, service);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(second.status().message(), HasSubstr(first.address()));
}

TEST(GrpcServer, AsksForTheHeaderOfARestrictedProtocol) {
  const std::vector<std::string> rules = {"inference:Admin-Key=secret"};
  const Harness server({.access = *AccessRules::parse(rules)});
  const auto refused = infer(*server.stub);
  EXPECT_EQ(refused.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(refused.error_message(),
            "This protocol is restricted, expecting header 'triton-grpc-protocol-admin-key'");
  ::grpc::ClientContext context;
  context.AddMetadata("triton-grpc-protocol-admin-key", "secret");
  inference::ModelInferResponse response;
  EXPECT_TRUE(server.stub->ModelInfer(&context, identity_request(), &response).ok());
  ::grpc::ClientContext metadata;
  inference::ServerMetadataResponse answer;
  EXPECT_TRUE(server.stub->ServerMetadata(&metadata, {}, &answer).ok());
}

TEST(GrpcServer, OutlivesBytesThatAreNoHttp2) {
  const Harness server;
  for (const std::string_view bytes :
       {std::string_view("GET / HTTP/1.1\r\n\r\n"),
        std::string_view("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
                         36)}) {
    RawClient client(server.server->port());
    ASSERT_TRUE(client.send(bytes));
    client.read_until("never");
    EXPECT_TRUE(client.is_at_end());
  }
  EXPECT_TRUE(infer(*server.stub).ok());
}

TEST(GrpcControl, HandsLoadsAndUnloadsToTheService) {
  Harness server;
  inference::RepositoryModelLoadRequest load;
  load.set_model_name("identity_py");
  ::grpc::ClientContext first;
  inference::RepositoryModelLoadResponse loaded;
  EXPECT_TRUE(server.stub->RepositoryModelLoad(&first, load, &loaded).ok());
  inference::RepositoryModelUnloadRequest unload;
  unload.set_model_name("pipeline");
  (*unload.mutable_parameters())["unload_dependents"].set_bool_param(true);
  ::grpc::ClientContext second;
  inference::RepositoryModelUnloadResponse unloaded;
  EXPECT_TRUE(server.stub->RepositoryModelUnload(&second, unload, &unloaded).ok());
  EXPECT_THAT(server.service.control_calls(),
              ElementsAre("load identity_py", "unload pipeline with dependents"));
  (*load.mutable_parameters())["config"].set_int64_param(1);
  ::grpc::ClientContext third;
  EXPECT_EQ(server.stub->RepositoryModelLoad(&third, load, &loaded).error_message(),
            "invalid value type for load parameter 'config', expected string_param.");
  load.set_repository_name("other");
  ::grpc::ClientContext fourth;
  EXPECT_EQ(server.stub->RepositoryModelLoad(&fourth, load, &loaded).error_code(), StatusCode::UNIMPLEMENTED);
}

TEST(GrpcControl, ChangesSettingsAsTheHttpProtocolDoes) {
  Harness server;
  inference::TraceSettingRequest trace;
  auto& levels = (*trace.mutable_settings())["trace_level"];
  levels.add_value("TIMESTAMPS");
  levels.add_value("TENSORS");
  (*trace.mutable_settings())["trace_rate"].add_value("7");
  ::grpc::ClientContext first;
  inference::TraceSettingResponse settings;
  ASSERT_TRUE(server.stub->TraceSetting(&first, trace, &settings).ok());
  EXPECT_THAT(settings.settings().at("trace_level").value(), ElementsAre("TIMESTAMPS", "TENSORS"));
  EXPECT_THAT(settings.settings().at("trace_rate").value(), ElementsAre("7"));
  (*trace.mutable_settings())["trace_rate"].add_value("8");
  ::grpc::ClientContext second;
  EXPECT_EQ(server.stub->TraceSetting(&second, trace, &settings).error_code(), StatusCode::INVALID_ARGUMENT);
  inference::LogSettingsRequest log;
  (*log.mutable_settings())["log_verbose_level"].set_uint32_param(2);
  ::grpc::ClientContext third;
  inference::LogSettingsResponse logged;
  ASSERT_TRUE(server.stub->LogSettings(&third, log, &logged).ok());
  EXPECT_EQ(logged.settings().at("log_verbose_level").uint32_param(), 2U);
  EXPECT_TRUE(logged.settings().at("log_info").bool_param());
}

TEST(GrpcControl, KeepsClientsSharedMemoryOutUnlessItIsLetIn) {
  const Harness server;
  inference::SystemSharedMemoryRegisterRequest request;
  request.set_name("r");
  request.set_key("/nosuch");
  request.set_byte_size(4);
  ::grpc::ClientContext context;
  inference::SystemSharedMemoryRegisterResponse response;
  const auto status = server.stub->SystemSharedMemoryRegister(&context, request, &response);
  EXPECT_EQ(status.error_code(), StatusCode::UNIMPLEMENTED);
  EXPECT_THAT(status.error_message(), HasSubstr("--allow-client-shm"));
}

TEST(GrpcHealth, FollowsTheServersReadiness) {
  Harness server;
  using ::grpc::health::v1::HealthCheckResponse;
  const auto stub = ::grpc::health::v1::Health::NewStub(server.channel);
  const auto check = [&] {
    ::grpc::ClientContext context;
    HealthCheckResponse response;
    EXPECT_TRUE(stub->Check(&context, {}, &response).ok());
    return response.status();
  };
  EXPECT_EQ(check(), HealthCheckResponse::SERVING);
  ::grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + 20s);
  const auto watch = stub->Watch(&context, {});
  HealthCheckResponse seen;
  ASSERT_TRUE(watch->Read(&seen));
  EXPECT_EQ(seen.status(), HealthCheckResponse::SERVING);
  server.service.set_ready(false);
  EXPECT_EQ(check(), HealthCheckResponse::NOT_SERVING);
  ASSERT_TRUE(watch->Read(&seen));
  EXPECT_EQ(seen.status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_TRUE(server.server->drain(10s));
  EXPECT_FALSE(watch->Read(&seen));
  EXPECT_EQ(watch->Finish().error_code(), StatusCode::UNAVAILABLE);
}

TEST(GrpcReflection, TellsServicesAndTheFilesThatDescribeThem) {
  const Harness server;
  const auto stub = ::grpc::reflection::v1alpha::ServerReflection::NewStub(server.channel);
  ::grpc::ClientContext context;
  const auto stream = stub->ServerReflectionInfo(&context);
  ::grpc::reflection::v1alpha::ServerReflectionRequest request;
  ::grpc::reflection::v1alpha::ServerReflectionResponse response;
  request.set_list_services("*");
  ASSERT_TRUE(stream->Write(request) && stream->Read(&response));
  EXPECT_EQ(response.list_services_response().service_size(), 3);
  EXPECT_EQ(response.list_services_response().service(0).name(), "inference.GRPCInferenceService");
  request.set_file_containing_symbol("inference.GRPCInferenceService");
  ASSERT_TRUE(stream->Write(request) && stream->Read(&response));
  ASSERT_EQ(response.file_descriptor_response().file_descriptor_proto_size(), 2);
  google::protobuf::FileDescriptorProto file;
  ASSERT_TRUE(file.ParseFromString(response.file_descriptor_response().file_descriptor_proto(1)));
  EXPECT_EQ(file.service(0).method_size(), 20);
  request.set_file_by_filename("nosuch.proto");
  ASSERT_TRUE(stream->Write(request) && stream->Read(&response));
  EXPECT_EQ(response.error_response().error_code(), StatusCode::NOT_FOUND);
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

/// A server's files and those of its clients.
struct TlsFolder {
  TemporaryFolder folder;
  std::string file(const std::string& name) const { return folder / name; }
  void make(const std::string& who) const {
    write_self_signed("localhost", file(who + ".crt"), file(who + ".key"));
  }
  std::string read(const std::string& name) const { return read_file(file(name)).value(); }
  TlsFiles server_files() const { return {file("server.crt"), file("server.key"), ""}; }
};

::grpc::Status infer_over_tls(const Harness& server, const ::grpc::SslCredentialsOptions& options) {
  ::grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride("localhost");
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto channel =
      ::grpc::CreateCustomChannel(server.address(), ::grpc::SslCredentials(options), arguments);
  const auto stub = inference::GRPCInferenceService::NewStub(channel);
  return infer(*stub);
}

TEST(GrpcTls, ServesThoseWhoTrustTheCertificateAndTakesUpANewOne) {
  const TlsFolder tls;
  tls.make("server");
  const Harness server({.tls = tls.server_files()});
  const std::string first = tls.read("server.crt");
  EXPECT_TRUE(infer_over_tls(server, {.pem_root_certs = first}).ok());
  EXPECT_EQ(infer(*server.stub).error_code(), StatusCode::UNAVAILABLE);  // without TLS
  std::this_thread::sleep_for(1100ms);                                   // the files' times count in seconds
  tls.make("server");
  const std::string second = tls.read("server.crt");
  bool is_taken_up = false;
  for (int i = 0; i < 20 && !is_taken_up; ++i) {
    std::this_thread::sleep_for(200ms);
    is_taken_up = infer_over_tls(server, {.pem_root_certs = second}).ok();
  }
  EXPECT_TRUE(is_taken_up);
  EXPECT_FALSE(infer_over_tls(server, {.pem_root_certs = first}).ok());
}

TEST(GrpcTls, AsksClientsForACertificateWhereItHasTheirRoots) {
  const TlsFolder tls;
  for (const char* who : {"server", "client", "stranger"}) tls.make(who);
  TlsFiles files = tls.server_files();
  files.client_roots = tls.file("client.crt");
  const Harness server({.tls = files});
  const std::string root = tls.read("server.crt");
  EXPECT_TRUE(infer_over_tls(server, {root, tls.read("client.key"), tls.read("client.crt")}).ok());
  EXPECT_FALSE(infer_over_tls(server, {root, tls.read("stranger.key"), tls.read("stranger.crt")}).ok());
  EXPECT_FALSE(infer_over_tls(server, {.pem_root_certs = root}).ok());
}

TEST(GrpcTls, NamesTheFileThatIsNoGood) {
  const TlsFolder tls;
  tls.make("server");
  FakeService service;
  TlsFiles files = tls.server_files();
  files.client_roots = tls.file("nosuch.crt");
  const auto started = Server::start({.address = "127.0.0.1", .port = 0, .tls = files}, service);
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.status().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(started.status().message(), HasSubstr("nosuch.crt"));
}

}  // namespace
}  // namespace ridgeline::serve::grpc
