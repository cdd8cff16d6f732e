// What ModelStreamInfer promises, seen by a client.

#include <gmock/gmock.h>

#include "grpc_harness.h"

namespace ridgeline::serve::grpc {
namespace {

using inference::ModelStreamInferResponse;
using ::testing::ElementsAre;

/// A stream of one client, which reads what comes until the end.
class StreamClient {
 public:
  explicit StreamClient(const Harness& server, bool errors_end = false) {
    if (errors_end) context_.AddMetadata("triton_grpc_error", "true");
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    stream_ = server.stub->ModelStreamInfer(&context_);
  }

  void send(const inference::ModelInferRequest& request) { EXPECT_TRUE(stream_->Write(request)); }
  ModelStreamInferResponse receive() {
    ModelStreamInferResponse response;
    EXPECT_TRUE(stream_->Read(&response));
    return response;
  }
  /// Says that no more requests come, and reads the rest.
  std::vector<ModelStreamInferResponse> rest() {
    stream_->WritesDone();
    return rest_without_asking();
  }
  std::vector<ModelStreamInferResponse> rest_without_asking() {
    std::vector<ModelStreamInferResponse> responses;
    ModelStreamInferResponse response;
    while (stream_->Read(&response)) responses.push_back(response);
    status_ = stream_->Finish();
    return responses;
  }
  const ::grpc::Status& status() const { return status_; }
  void cancel() { context_.TryCancel(); }

 private:
  ::grpc::ClientContext context_;
  std::unique_ptr<::grpc::ClientReaderWriter<inference::ModelInferRequest, ModelStreamInferResponse>> stream_;
  ::grpc::Status status_;
};

std::vector<std::string> ids_of(const std::vector<ModelStreamInferResponse>& responses) {
  std::vector<std::string> ids;
  for (const auto& response : responses) ids.push_back(response.infer_response().id());
  return ids;
}

bool is_final(const ModelStreamInferResponse& response) {
  return response.infer_response().parameters().at("triton_final_response").bool_param();
}

inference::ModelInferRequest decoupled_request(bool wants_empty_final) {
  auto request = identity_request(1, "7");
  if (wants_empty_final)
    (*request.mutable_parameters())["triton_enable_empty_final_response"].set_bool_param(true);
  return request;
}

void answer_twice(const Call& call) {
  EXPECT_TRUE(call.request.parameters.empty());
  echo_once(call);
  echo_once(call);
  call.client->end();
}

TEST(GrpcStream, AnswersInTheOrderOfRequestsAndMarksEachAnswerAsTheLast) {
  Harness server;
  Shelf shelf;
  server.service.set_run("identity_py", shelf.run());
  StreamClient client(server);
  for (const char* id : {"a", "b", "c"}) client.send(identity_request(1, id));
  const std::vector<Call> calls = shelf.take(3);
  ASSERT_EQ(calls.size(), 3U);
  for (const size_t i : {2U, 0U, 1U}) echo(calls[i]);
  const auto responses = client.rest();
  EXPECT_THAT(ids_of(responses), ElementsAre("a", "b", "c"));
  for (const auto& response : responses) {
    EXPECT_TRUE(is_final(response));
    EXPECT_EQ(response.infer_response().raw_output_contents(0).size(), 64U);
  }
  EXPECT_TRUE(client.status().ok());
}

TEST(GrpcStream, SendsEveryAnswerOfADecoupledModelAndAnEmptyLastOneWhereThatIsWanted) {
  Harness server;
  server.service.set_decoupled("identity_py");
  server.service.set_run("identity_py", answer_twice);
  StreamClient plain(server);
  plain.send(decoupled_request(false));
  EXPECT_THAT(ids_of(plain.rest()), ElementsAre("7", "7"));
  StreamClient asking(server);
  asking.send(decoupled_request(true));
  const auto responses = asking.rest();
  ASSERT_THAT(ids_of(responses), ElementsAre("7", "7", "7"));
  EXPECT_FALSE(is_final(responses[0]));
  EXPECT_FALSE(is_final(responses[1]));
  EXPECT_TRUE(is_final(responses[2]));
  EXPECT_EQ(responses[2].infer_response().outputs_size(), 0);
  EXPECT_EQ(responses[2].infer_response().model_version(), "1");
}

TEST(GrpcStream, TellsAnErrorBesideItsRequestsIdAndGoesOn) {
  Harness server;
  StreamClient client(server);
  auto wrong = identity_request(1, "wrong");
  wrong.set_model_name("nosuch");
  client.send(wrong);
  client.send(identity_request(1, "right"));
  const auto responses = client.rest();
  ASSERT_THAT(ids_of(responses), ElementsAre("wrong", "right"));
  EXPECT_EQ(responses[0].error_message(), "Request for unknown model: 'nosuch' is not found");
  EXPECT_EQ(responses[1].error_message(), "");
}

TEST(GrpcStream, EndsWithTheErrorWhereTheClientAsksForStatuses) {
  Harness server;
  StreamClient client(server, true);
  auto wrong = identity_request();
  wrong.set_model_name("nosuch");
  client.send(wrong);
  EXPECT_TRUE(client.rest_without_asking().empty());
  EXPECT_EQ(client.status().error_code(), ::grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(client.status().error_message(), "Request for unknown model: 'nosuch' is not found");
}

TEST(GrpcStream, TellsTheServiceThatAClientHasGone) {
  Harness server;
  Shelf shelf;
  server.service.set_run("identity_py", shelf.run());
  StreamClient client(server);
  client.send(identity_request());
  const std::vector<Call> calls = shelf.take(1);
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_FALSE(calls[0].client->has_gone());
  client.cancel();
  for (int i = 0; i < 500 && !calls[0].client->has_gone(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(calls[0].client->has_gone());
  echo(calls[0]);
}

TEST(GrpcStream, IsEndedByADrainWhenItsRequestsAreAnswered) {
  Harness server;
  Shelf shelf;
  server.service.set_run("identity_py", shelf.run());
  StreamClient client(server);
  client.send(identity_request(1, "last"));
  const std::vector<Call> calls = shelf.take(1);
  ASSERT_EQ(calls.size(), 1U);
  std::jthread drain([&] { EXPECT_TRUE(server.server->drain(std::chrono::seconds(10))); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  echo(calls[0]);
  EXPECT_THAT(ids_of(client.rest_without_asking()), ElementsAre("last"));
  EXPECT_EQ(client.status().error_code(), ::grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace ridgeline::serve::grpc
