#pragma once

#include <condition_variable>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "kept_answers.h"
#include "repository_files.h"
#include "serve/core/start.h"
#include "test_backend.h"

namespace ridgeline::serve {

/// A request with one FP32 input of these values; dims lead the values' own axis.
inline wire::InferRequest floats_request(const std::string& model, const std::vector<float>& values,
                                         std::vector<int64_t> dims = {}, const std::string& input = "IN") {
  wire::InferRequest request{.model = model};
  std::vector<std::byte> bytes(values.size() * sizeof(float));
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  dims.push_back(std::ssize(values));
  for (size_t i = 0; i + 1 < dims.size(); ++i) dims.back() /= dims[i];
  const auto data = wire::keep(std::move(bytes), request);
  request.inputs.push_back({.name = input, .datatype = DType::kF32, .shape = Shape(dims), .data = data});
  return request;
}

inline std::vector<float> floats_of(const wire::OutputTensor& output) {
  std::vector<float> values(output.data.size() / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), output.data.data(), output.data.size());
  return values;
}

/// A server over a repository that the test writes, with the test backend under the name "python".
class ServiceTest : public testing::Test {
 protected:
  /// A model with an input IN and an output OUT of [-1] floats, batched up to `max_batch_size`.
  void write_model(const std::string& name, const std::string& what, int max_batch_size = 0,
                   const std::string& more = "") {
    files_.write(name + "/1/model.py", what);
    files_.write(name + "/config.pbtxt", config_text(what, max_batch_size, more));
  }
  static std::string config_text(const std::string& what, int max_batch_size = 0,
                                 const std::string& more = "") {
    return fmt::format(
        "backend: \"python\" max_batch_size: {}\n"
        "input {{ name: \"IN\" data_type: TYPE_FP32 dims: [ -1 ] }}\n"
        "output {{ name: \"OUT\" data_type: TYPE_FP32 dims: [ -1 ] }}\n"
        "parameters {{ key: \"do\" value {{ string_value: \"{}\" }} }}\n{}\n",
        max_batch_size, what, more);
  }

  ServiceOptions options(ControlMode mode = ControlMode::kNone) const {
    auto log = std::make_shared<Log>();
    EXPECT_TRUE(log->change({.info = false, .warning = false, .error = false}).ok());
    return {.repositories = {files_.root()}, .mode = mode, .log = log};
  }
  void start(ServiceOptions options) {
    auto started = start_service(std::move(options), test_backends(probe_));
    ASSERT_TRUE(started.ok()) << started.status().message();
    service_ = std::move(started).value();
  }
  void start(ControlMode mode = ControlMode::kNone) { start(options(mode)); }

  std::shared_ptr<KeptAnswers> send(wire::InferRequest request) {
    auto client = std::make_shared<KeptAnswers>();
    send(std::move(request), client);
    return client;
  }
  /// As a front sends it.
  void send(wire::InferRequest request, std::shared_ptr<Client> client) {
    const auto model = service_->find(request.model, request.version);
    if (!model.ok()) {
      client->answer(model.status());
      client->end();
      return;
    }
    (*model)->infer({.request = std::move(request),
                     .client = std::move(client),
                     .received = std::chrono::steady_clock::now()});
  }
  Result<Answer> ask(wire::InferRequest request) { return send(std::move(request))->await_one(); }
  /// The first output of a request that must succeed.
  std::vector<float> ask_floats(wire::InferRequest request) {
    const Result<Answer> answer = ask(std::move(request));
    EXPECT_TRUE(answer.ok()) << answer.status().message();
    if (!answer.ok() || answer->response.outputs.empty()) return {};
    return floats_of(answer->response.outputs.front());
  }

  Status load(const std::string& name, wire::http::LoadRequest request = {}) {
    return wait_for([&](Service::Done done) { service_->load(name, std::move(request), std::move(done)); });
  }
  Status unload(const std::string& name, bool with_dependents = false) {
    return wait_for([&](Service::Done done) { service_->unload(name, with_dependents, std::move(done)); });
  }

  /// Waits, for some seconds at most, until `holds` does.
  static bool eventually(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }

  RepositoryFiles files_;
  std::shared_ptr<BackendProbe> probe_ = std::make_shared<BackendProbe>();
  std::unique_ptr<Service> service_;

 private:
  static Status wait_for(const std::function<void(Service::Done)>& call) {
    struct Outcome {
      std::mutex mutex;
      std::condition_variable changed;
      std::optional<Status> status;
    };
    const auto outcome = std::make_shared<Outcome>();
    call([outcome](Status status) {
      const std::lock_guard lock(outcome->mutex);
      outcome->status = std::move(status);
      outcome->changed.notify_all();
    });
    std::unique_lock lock(outcome->mutex);
    outcome->changed.wait(lock, [&] { return outcome->status.has_value(); });
    return *outcome->status;
  }
};

}  // namespace ridgeline::serve
