#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "service_fixture.h"

namespace ridgeline::serve {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::Ge;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;
using testing::SizeIs;

class CoreInfer : public ServiceTest {};

TEST_F(CoreInfer, AnAnswerBelongsToItsRequest) {
  write_model("echo", "identity");
  start();
  wire::InferRequest request = floats_request("echo", {1, 2, 3});
  request.id = "r7";
  const Result<Answer> answer = ask(std::move(request));
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  EXPECT_EQ(answer->response.model_name, "echo");
  EXPECT_EQ(answer->response.model_version, "1");
  EXPECT_EQ(answer->response.id, "r7");
  ASSERT_THAT(answer->response.outputs, SizeIs(1));
  EXPECT_EQ(answer->response.outputs[0].name, "OUT");
  EXPECT_THAT(floats_of(answer->response.outputs[0]), ElementsAre(1, 2, 3));
}

TEST_F(CoreInfer, UnknownModelsAndVersionsHaveTritonsAnswers) {
  write_model("echo", "identity");
  start();
  const auto refusal = [&](const std::string& model, const std::string& version) {
    wire::InferRequest request = floats_request(model, {1});
    request.version = version;
    return ask(std::move(request)).status();
  };
  EXPECT_EQ(refusal("nosuch", "").message(), "Request for unknown model: 'nosuch' is not found");
  EXPECT_EQ(refusal("nosuch", "").code(), ErrorCode::kNotFound);
  EXPECT_EQ(refusal("echo", "9").message(), "Request for unknown model: 'echo' version 9 is not found");
  EXPECT_EQ(refusal("echo", "9").code(), ErrorCode::kNotFound);
  EXPECT_EQ(refusal("echo", "0").message(), "Request for unknown model: 'echo' version 0 is not found");
  EXPECT_EQ(refusal("echo", "abc").message(),
            "failed to get model version from specified version string 'abc' (details: stol), version should "
            "be an integral value > 0");
  EXPECT_EQ(refusal("echo", "abc").code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(refusal("echo", "-1").ok());
  EXPECT_TRUE(refusal("echo", "1").ok());
}

TEST_F(CoreInfer, ARequestThatDoesNotFitNeverReachesTheModel) {
  write_model("echo", "identity");
  start();
  wire::InferRequest request = floats_request("echo", {1}, {}, "WRONG");
  EXPECT_THAT(ask(std::move(request)).status().message(), HasSubstr("unexpected inference input 'WRONG'"));
  EXPECT_EQ(probe_->executed, 0);
  const auto reports = service_->statistics("echo", "");
  ASSERT_TRUE(reports.ok());
  EXPECT_EQ(reports->front().counts.fail.count, 0u);
}

TEST_F(CoreInfer, EveryAnswerOfManyCallersBelongsToItsRequest) {
  write_model("echo", "identity", 8, "dynamic_batching {} instance_group { count: 2 kind: KIND_CPU }");
  start();
  constexpr int kCallers = 6;
  constexpr int kRequests = 300;
  std::vector<std::thread> callers;
  std::atomic<int> wrong{0};
  for (int caller = 0; caller < kCallers; ++caller)
    callers.emplace_back([&, caller] {
      for (int i = 0; i < kRequests; ++i) {
        const float mine = static_cast<float>(caller * kRequests + i);
        const size_t width = i % 3 == 0 ? 2 : 4;  // two shapes, so two buckets
        if (ask_floats(floats_request("echo", std::vector<float>(width, mine), {1})) !=
            std::vector<float>(width, mine))
          ++wrong;
      }
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
  const auto reports = service_->statistics("", "");
  ASSERT_TRUE(reports.ok());
  EXPECT_EQ(reports->front().counts.success.count, kCallers * kRequests);
  EXPECT_EQ(reports->front().counts.inference_count, kCallers * kRequests);
  EXPECT_EQ(reports->front().pending, 0);
}

TEST_F(CoreInfer, AnImmediateModelHasAnsweredWhenTheCallReturns) {
  write_model("echo", "immediate");
  start();
  for (int i = 0; i < 100; ++i)
    EXPECT_TRUE(send(floats_request("echo", {1, 2}))->ended()) << "another thread executes";
  const auto reports = service_->statistics("echo", "");
  ASSERT_TRUE(reports.ok());
  EXPECT_EQ(reports->front().counts.success.count, 100u);
  EXPECT_EQ(reports->front().counts.execution_count, 100u);
  EXPECT_EQ(reports->front().pending, 0);
}

TEST_F(CoreInfer, AnImmediateModelThatIsToBatchDoesSo) {
  write_model("echo", "immediate", 4, "dynamic_batching { max_queue_delay_microseconds: 60000000 }");
  start();
  std::vector<std::shared_ptr<KeptAnswers>> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(send(floats_request("echo", {1}, {1})));
  for (const auto& client : clients) EXPECT_TRUE(client->await_one().ok());
  EXPECT_THAT(probe_->batch_rows, ElementsAre(4));
}

TEST_F(CoreInfer, AnImmediateModelIsReplacedUnderItsCallers) {
  write_model("echo", "immediate", 0, "instance_group { count: 2 kind: KIND_CPU }");
  ServiceOptions explicitly = options(ControlMode::kExplicit);
  explicitly.load_models = {"echo"};
  start(std::move(explicitly));
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller)
    callers.emplace_back([&, mine = static_cast<float>(caller)] {
      while (!stop)
        if (ask_floats(floats_request("echo", {mine})) != std::vector<float>{mine}) ++wrong;
    });
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(load("echo").ok());
  stop = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_TRUE(unload("echo").ok());
  EXPECT_FALSE(ask(floats_request("echo", {1})).ok());
  EXPECT_TRUE(eventually([&] { return probe_->instances == 0 && probe_->loaded == 0; }));
}

TEST_F(CoreInfer, BatchesObeyTheirLimitAndTakeWhatWaits) {
  write_model("held", "gate", 4, "dynamic_batching {}");
  probe_->shut();
  start();
  std::vector<std::shared_ptr<KeptAnswers>> clients = {send(floats_request("held", {0}, {1}))};
  probe_->await_executing(1);
  for (int i = 1; i <= 10; ++i) clients.push_back(send(floats_request("held", {static_cast<float>(i)}, {1})));
  probe_->open();
  for (size_t i = 0; i < clients.size(); ++i) {
    const Result<Answer> answer = clients[i]->await_one();
    ASSERT_TRUE(answer.ok());
    EXPECT_THAT(floats_of(answer->response.outputs[0]), ElementsAre(static_cast<float>(i)));
  }
  EXPECT_THAT(probe_->batch_rows, ElementsAre(1, 4, 4, 2));
}

/// A batch of three takes as long as one of one, so that running three together saves much. The clients of a
/// batch ask again one after another; only a machine that is very busy keeps them from being back in the time
/// that the instance grants.
TEST_F(CoreInfer, ClientsThatAskAgainShareABatchAgain) {
  write_model("held", "gate", 4, "dynamic_batching {}");
  start();
  const auto run_slowly = [&](const std::vector<float>& rows) {
    probe_->shut();
    const auto together = send(floats_request("held", rows, {static_cast<int64_t>(rows.size())}));
    std::this_thread::sleep_for(std::chrono::milliseconds(160));
    probe_->open();
    EXPECT_TRUE(together->await_one().ok());
  };
  const auto are_together = [&] {
    run_slowly({1});
    const int begun = probe_->executed;
    run_slowly({1, 2, 3});
    std::vector<std::shared_ptr<KeptAnswers>> clients;
    for (int i = 0; i < 3; ++i) {
      clients.push_back(send(floats_request("held", {1}, {1})));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    for (const auto& client : clients) EXPECT_TRUE(client->await_one().ok());
    return probe_->executed == begun + 2;
  };
  EXPECT_TRUE(eventually(are_together));
}

TEST_F(CoreInfer, WithoutBatchingEveryRequestRunsAlone) {
  write_model("held", "gate", 4);
  probe_->shut();
  start();
  std::vector<std::shared_ptr<KeptAnswers>> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(send(floats_request("held", {1}, {1})));
  probe_->open();
  for (const auto& client : clients) EXPECT_TRUE(client->await_one().ok());
  EXPECT_THAT(probe_->batch_rows, ElementsAre(1, 1, 1, 1, 1));
}

TEST_F(CoreInfer, AModelThatFailsAnswersWithItsErrorAndGoesOn) {
  write_model("fails", "fail");
  write_model("throws", "throw");
  write_model("silent", "silent");
  start();
  EXPECT_EQ(ask(floats_request("fails", {1})).status().message(), "busy");
  EXPECT_EQ(ask(floats_request("fails", {1})).status().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(ask(floats_request("throws", {1})).status().message(), HasSubstr("the model's own exception"));
  EXPECT_EQ(ask(floats_request("throws", {1})).status().code(), ErrorCode::kInternal);
  EXPECT_EQ(ask(floats_request("silent", {1})).status().code(), ErrorCode::kInternal);
  const auto reports = service_->statistics("fails", "1");
  ASSERT_TRUE(reports.ok());
  EXPECT_EQ(reports->front().counts.fail.count, 2u);
  EXPECT_EQ(reports->front().counts.execution_count, 2u);
  EXPECT_EQ(reports->front().counts.inference_count, 0u);
}

TEST_F(CoreInfer, ARequestWhoseClientIsGoneDoesNotRun) {
  write_model("held", "gate");
  probe_->shut();
  start();
  const auto runs = send(floats_request("held", {1}));
  probe_->await_executing(1);
  const auto gone = send(floats_request("held", {2}));
  const auto stays = send(floats_request("held", {3}));
  gone->go();
  probe_->open();
  EXPECT_TRUE(runs->await_one().ok());
  EXPECT_TRUE(stays->await_one().ok());
  EXPECT_EQ(gone->await_one().status().code(), ErrorCode::kCancelled);
  EXPECT_EQ(probe_->executed, 2);
}

TEST_F(CoreInfer, ARequestExpiresOnTimeWhileAllInstancesAreBusy) {
  write_model("held", "gate", 1,
              "dynamic_batching { default_queue_policy { default_timeout_microseconds: 20000 } }");
  probe_->shut();
  start();
  const auto runs = send(floats_request("held", {1}, {1}));
  probe_->await_executing(1);
  const Status expired = send(floats_request("held", {2}, {1}))->await_one().status();
  EXPECT_EQ(expired.message(), "Request timeout expired");
  EXPECT_FALSE(runs->ended());
  probe_->open();
  EXPECT_TRUE(runs->await_one().ok());
}

TEST_F(CoreInfer, AFullQueueRefuses) {
  write_model("held", "gate", 1, "dynamic_batching { default_queue_policy { max_queue_size: 2 } }");
  probe_->shut();
  start();
  const auto runs = send(floats_request("held", {1}, {1}));
  probe_->await_executing(1);
  const auto first = send(floats_request("held", {2}, {1}));
  const auto second = send(floats_request("held", {3}, {1}));
  EXPECT_THAT(ask(floats_request("held", {4}, {1})).status().message(),
              HasSubstr("Exceeds maximum queue size"));
  probe_->open();
  for (const auto& client : {runs, first, second}) EXPECT_TRUE(client->await_one().ok());
}

TEST_F(CoreInfer, PreservedOrderHoldsAcrossInstances) {
  write_model("ordered", "slow", 1,
              "dynamic_batching { preserve_ordering: true } instance_group { count: 3 kind: KIND_CPU }");
  start();
  struct Noting final : Client {
    Noting(std::vector<int>* order, std::mutex* mutex, int number)
        : order_(order), mutex_(mutex), number_(number) {}
    void answer(Result<Answer>) override {
      const std::lock_guard lock(*mutex_);
      order_->push_back(number_);
    }
    void end() override {}
    bool has_gone() const override { return false; }
    std::vector<int>* order_;
    std::mutex* mutex_;
    int number_;
  };
  std::vector<int> order;
  std::mutex mutex;
  constexpr int kRequests = 40;
  for (int i = 0; i < kRequests; ++i)
    send(floats_request("ordered", {1}, {1}), std::make_shared<Noting>(&order, &mutex, i));
  EXPECT_TRUE(service_->drain(std::chrono::seconds(30)));
  EXPECT_THAT(order, SizeIs(kRequests));
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST_F(CoreInfer, ADecoupledModelAnswersAsOftenAsItLikes) {
  write_model("many", "repeat", 0, "model_transaction_policy { decoupled: true }");
  start();
  EXPECT_THAT(send(floats_request("many", {3}))->await(), SizeIs(3));
  EXPECT_THAT(send(floats_request("many", {0}))->await(), IsEmpty());
  const auto reports = service_->statistics("many", "");
  ASSERT_TRUE(reports.ok());
  EXPECT_EQ(reports->front().counts.responses.at(0).success.count, 1u);
  EXPECT_EQ(reports->front().counts.responses.at(2).success.count, 1u);
}

TEST_F(CoreInfer, OnlyTheOutputsThatAreAskedForComeBackInTheirOrder) {
  files_.write("two/1/model.py");
  files_.write("two/config.pbtxt",
               "backend: \"python\"\n"
               "input [ { name: \"A\" data_type: TYPE_FP32 dims: [ -1 ] },\n"
               "        { name: \"B\" data_type: TYPE_FP32 dims: [ -1 ] } ]\n"
               "output [ { name: \"X\" data_type: TYPE_FP32 dims: [ -1 ] },\n"
               "         { name: \"Y\" data_type: TYPE_FP32 dims: [ -1 ] label_filename: \"l.txt\" } ]\n");
  files_.write("two/l.txt", "cat\ndog\n");
  start();
  const auto request = [](std::vector<wire::RequestedOutput> outputs) {
    wire::InferRequest asked = floats_request("two", {5, 9}, {}, "B");  // not in the model's order
    const wire::InferRequest other = floats_request("two", {1}, {}, "A");
    asked.inputs.push_back(other.inputs[0]);
    asked.keep_alive.push_back(other.keep_alive[0]);
    asked.outputs = std::move(outputs);
    return asked;
  };
  const Result<Answer> swapped = ask(request({{.name = "Y"}, {.name = "X"}}));
  ASSERT_TRUE(swapped.ok()) << swapped.status().message();
  ASSERT_THAT(swapped->response.outputs, SizeIs(2));
  EXPECT_THAT(floats_of(swapped->response.outputs[0]), ElementsAre(5, 9));
  EXPECT_THAT(floats_of(swapped->response.outputs[1]), ElementsAre(1));
  const Result<Answer> classes = ask(request({{.name = "Y", .classification = 1}}));
  ASSERT_TRUE(classes.ok()) << classes.status().message();
  ASSERT_THAT(classes->response.outputs, SizeIs(1));
  EXPECT_EQ(classes->response.outputs[0].datatype, DType::kString);
  const auto bytes = classes->response.outputs[0].data;
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()) + 4, bytes.size() - 4), "9.000000:1:dog");
}

TEST_F(CoreInfer, DrainAnswersWhatItHasAndRefusesWhatComes) {
  write_model("held", "gate");
  probe_->shut();
  start();
  const auto before = send(floats_request("held", {1}));
  probe_->await_executing(1);
  EXPECT_FALSE(service_->drain(std::chrono::milliseconds(5)));
  EXPECT_FALSE(service_->ready());
  const Status refused = ask(floats_request("held", {2})).status();
  EXPECT_EQ(refused.code(), ErrorCode::kUnavailable);
  EXPECT_THAT(refused.message(), HasSubstr("Server is stopping"));
  probe_->open();
  EXPECT_TRUE(service_->drain(std::chrono::seconds(30)));
  EXPECT_TRUE(before->await_one().ok());
}

TEST_F(CoreInfer, AServerThatEndsAnswersWhatWaits) {
  write_model("slow", "slow");
  start();
  std::vector<std::shared_ptr<KeptAnswers>> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(send(floats_request("slow", {1})));
  service_.reset();
  for (const auto& client : clients) EXPECT_TRUE(client->ended());
  EXPECT_EQ(probe_->loaded, 0);
  EXPECT_EQ(probe_->instances, 0);
}

}  // namespace
}  // namespace ridgeline::serve
