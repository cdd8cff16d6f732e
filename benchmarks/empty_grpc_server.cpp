// The least that gRPC's own library can do for a client of the protocol: `empty_grpc_server ADDRESS` answers
// ModelInfer on the thread that read it, with the request's bytes, and looks up, checks, queues, counts
// nothing. What our server reaches of its rate under the same client (`./run crosscheck serve-speed`) is what
// our part costs.

#include <atomic>
#include <cstdio>
#include <grpcpp/grpcpp.h>

#include "grpc_service.grpc.pb.h"

namespace {

using Context = ::grpc::CallbackServerContext;
using Reactor = ::grpc::ServerUnaryReactor;

Reactor* done(Context* context) {
  Reactor* const reactor = context->DefaultReactor();
  reactor->Finish(::grpc::Status::OK);
  return reactor;
}

/// What perf_analyzer asks of a server besides inference, for a model of FP32 [-1, 16].
class EmptyService final : public inference::GRPCInferenceService::CallbackService {
 public:
  Reactor* ServerReady(Context* context, const inference::ServerReadyRequest*,
                       inference::ServerReadyResponse* told) override {
    told->set_ready(true);
    return done(context);
  }
  Reactor* ModelReady(Context* context, const inference::ModelReadyRequest*,
                      inference::ModelReadyResponse* told) override {
    told->set_ready(true);
    return done(context);
  }
  Reactor* ServerMetadata(Context* context, const inference::ServerMetadataRequest*,
                          inference::ServerMetadataResponse* told) override {
    told->set_name("empty");
    told->add_extensions("statistics");
    return done(context);
  }
  Reactor* ModelMetadata(Context* context, const inference::ModelMetadataRequest* asked,
                         inference::ModelMetadataResponse* told) override {
    told->set_name(asked->name());
    told->add_versions("1");
    const auto describe = [](auto& tensor, const char* name) {
      tensor.set_name(name);
      tensor.set_datatype("FP32");
      tensor.add_shape(-1);
      tensor.add_shape(16);
    };
    describe(*told->add_inputs(), "INPUT0");
    describe(*told->add_outputs(), "OUTPUT0");
    return done(context);
  }
  Reactor* ModelConfig(Context* context, const inference::ModelConfigRequest* asked,
                       inference::ModelConfigResponse* told) override {
    const auto describe = [](auto& tensor, const char* name) {
      tensor.set_name(name);
      tensor.set_data_type(inference::TYPE_FP32);
      tensor.add_dims(-1);
      tensor.add_dims(16);
    };
    told->mutable_config()->set_name(asked->name());
    describe(*told->mutable_config()->add_input(), "INPUT0");
    describe(*told->mutable_config()->add_output(), "OUTPUT0");
    return done(context);
  }
  Reactor* ModelStatistics(Context* context, const inference::ModelStatisticsRequest* asked,
                           inference::ModelStatisticsResponse* told) override {
    inference::ModelStatistics& model = *told->add_model_stats();
    model.set_name(asked->name());
    model.set_version("1");
    model.set_inference_count(answered_);
    model.set_execution_count(answered_);
    inference::InferStatistics& times = *model.mutable_inference_stats();
    for (auto* time : {times.mutable_success(), times.mutable_queue(), times.mutable_compute_input(),
                       times.mutable_compute_infer(), times.mutable_compute_output()})
      time->set_count(answered_);
    return done(context);
  }
  Reactor* ModelInfer(Context* context, const inference::ModelInferRequest* asked,
                      inference::ModelInferResponse* told) override {
    ++answered_;
    told->set_model_name(asked->model_name());
    told->set_model_version("1");
    auto& output = *told->add_outputs();
    output.set_name("OUTPUT0");
    output.set_datatype("FP32");
    *output.mutable_shape() = asked->inputs(0).shape();
    told->add_raw_output_contents(asked->raw_input_contents(0));
    return done(context);
  }

 private:
  std::atomic<uint64_t> answered_{0};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: empty_grpc_server HOST:PORT\n");
    return 2;
  }
  EmptyService service;
  ::grpc::ServerBuilder builder;
  builder.AddListeningPort(argv[1], ::grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  const std::unique_ptr<::grpc::Server> server = builder.BuildAndStart();
  if (!server) return 1;
  server->Wait();
}
