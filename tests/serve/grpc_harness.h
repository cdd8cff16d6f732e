#pragma once

#include <condition_variable>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fake_service.h"
#include "grpc_service.grpc.pb.h"
#include "serve/grpc/server.h"

namespace ridgeline::serve::grpc {

/// A server over a FakeService, and clients of it.
class Harness {
 public:
  explicit Harness(ServerOptions options = {}, bool client_shared_memory = false)
      : service(client_shared_memory) {
    options.address = "127.0.0.1";
    options.port = 0;
    auto started = Server::start(options, service);
    EXPECT_TRUE(started.ok()) << started.status().message();
    if (started.ok()) server = std::move(*started);
    channel = connect();
    stub = inference::GRPCInferenceService::NewStub(channel);
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(server->port()); }
  std::shared_ptr<::grpc::Channel> connect(const std::shared_ptr<::grpc::ChannelCredentials>& credentials =
                                               ::grpc::InsecureChannelCredentials()) const {
    ::grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return ::grpc::CreateCustomChannel(address(), credentials, arguments);
  }

  FakeService service;
  std::unique_ptr<Server> server;
  std::shared_ptr<::grpc::Channel> channel;
  std::unique_ptr<inference::GRPCInferenceService::Stub> stub;
};

/// Keeps the calls of a model until the test takes them.
class Shelf {
 public:
  FakeService::Run run() {
    return [this](Call call) {
      const std::scoped_lock lock(mutex_);
      calls_.push_back(std::move(call));
      came_.notify_all();
    };
  }
  /// The first `count`, when that many have come.
  std::vector<Call> take(size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(came_.wait_for(lock, std::chrono::seconds(5), [&] { return calls_.size() >= count; }));
    return std::exchange(calls_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<Call> calls_;
};

/// Of sixteen numbers, the first of which is `first`.
inline inference::ModelInferRequest identity_request(float first = 0, const std::string& id = "") {
  inference::ModelInferRequest request;
  request.set_model_name("identity_py");
  request.set_id(id);
  auto& input = *request.add_inputs();
  input.set_name("INPUT0");
  input.set_datatype("FP32");
  input.add_shape(1);
  input.add_shape(16);
  const std::vector<float> values(16, first);
  request.add_raw_input_contents(values.data(), values.size() * sizeof(float));
  return request;
}

}  // namespace ridgeline::serve::grpc
