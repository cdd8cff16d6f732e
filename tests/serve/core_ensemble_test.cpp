#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "service_fixture.h"

namespace ridgeline::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CoreEnsemble : public ServiceTest {
 protected:
  static std::string addend(int value) {
    return fmt::format("parameters {{ key: \"addend\" value {{ string_value: \"{}\" }} }}", value);
  }
  static std::string step(const std::string& model, const std::string& from, const std::string& to) {
    return fmt::format(
        "  step {{ model_name: \"{}\" model_version: -1 input_map {{ key: \"IN\" value: \"{}\" }} "
        "output_map {{ key: \"OUT\" value: \"{}\" }} }}\n",
        model, from, to);
  }
  void write_ensemble(const std::string& name, const std::string& steps, int max_batch_size = 8) {
    files_.make(name + "/1");
    files_.write(name + "/config.pbtxt",
                 fmt::format("platform: \"ensemble\" max_batch_size: {}\n"
                             "input {{ name: \"IN\" data_type: TYPE_FP32 dims: [ -1 ] }}\n"
                             "output {{ name: \"OUT\" data_type: TYPE_FP32 dims: [ -1 ] }}\n"
                             "ensemble_scheduling {{\n{}}}\n",
                             max_batch_size, steps));
  }
  /// IN + 1, then + 10.
  void write_chain() {
    write_model("one", "add", 8, addend(1) + " dynamic_batching {}");
    write_model("ten", "add", 8, addend(10));
    write_ensemble("chain", step("one", "IN", "mid") + step("ten", "mid", "OUT"));
  }
};

TEST_F(CoreEnsemble, StepsRunOneAfterAnother) {
  write_chain();
  start();
  const Result<Answer> answer = ask(floats_request("chain", {1, 2}, {1}));
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  EXPECT_EQ(answer->response.model_name, "chain");
  EXPECT_EQ(answer->response.outputs[0].name, "OUT");
  EXPECT_EQ(answer->response.outputs[0].shape, (Shape{1, 2}));
  EXPECT_THAT(floats_of(answer->response.outputs[0]), ElementsAre(12, 13));
}

TEST_F(CoreEnsemble, StatisticsAreSumsOverTheStepsAndOneExecutionARequest) {
  write_chain();
  start();
  ASSERT_TRUE(ask(floats_request("chain", {1, 2, 3, 4}, {2})).ok());
  const auto reports = service_->statistics("chain", "");
  ASSERT_TRUE(reports.ok());
  const ModelCounts& counts = reports->front().counts;
  EXPECT_EQ(counts.success.count, 1u);
  EXPECT_EQ(counts.inference_count, 2u);
  EXPECT_EQ(counts.execution_count, 1u);
  EXPECT_EQ(counts.compute_infer.ns, 4000u);  // the test backend says 2 µs for each step
  EXPECT_EQ(counts.batches.at(2).compute_input.ns, 2000u);
  EXPECT_EQ(service_->statistics("one", "")->front().counts.success.count, 1u);
}

TEST_F(CoreEnsemble, ManyCallersGetTheirOwnAnswers) {
  write_chain();
  write_ensemble("nested", step("chain", "IN", "mid") + step("one", "mid", "OUT"));
  start();
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&, caller] {
      for (int i = 0; i < 100; ++i) {
        const auto mine = static_cast<float>(caller * 1000 + i);
        if (ask_floats(floats_request("nested", {mine}, {1})) != std::vector<float>{mine + 12}) ++wrong;
      }
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(CoreEnsemble, EachAnswerOfADecoupledStepIsOneOfTheEnsembles) {
  write_model("many", "repeat", 8, "model_transaction_policy { decoupled: true }");
  write_model("one", "add", 8, addend(1));
  write_ensemble("stream", step("many", "IN", "mid") + step("one", "mid", "OUT"));
  write_ensemble("slow_stream",
                 step("many", "IN", "mid") + step("one", "mid", "OUT") + "  max_inflight_requests: 1\n");
  start();
  for (const char* model : {"stream", "slow_stream"}) {
    EXPECT_TRUE((*service_->find(model, ""))->decoupled());
    const auto answers = send(floats_request(model, {5}, {1}))->await();
    ASSERT_THAT(answers, testing::SizeIs(5));
    for (const Result<Answer>& answer : answers) {
      ASSERT_TRUE(answer.ok()) << answer.status().message();
      EXPECT_THAT(floats_of(answer->response.outputs[0]), ElementsAre(6));
    }
    EXPECT_THAT(send(floats_request(model, {0}, {1}))->await(), testing::IsEmpty());
    EXPECT_EQ(service_->statistics(model, "")->front().counts.success.count, 2u);
  }
}

TEST_F(CoreEnsemble, TheFirstStepThatFailsFailsTheRequest) {
  write_model("one", "identity", 8);
  write_model("bad", "fail", 8);
  write_ensemble("chain", step("one", "IN", "mid") + step("bad", "mid", "OUT"));
  start();
  const Status failed = ask(floats_request("chain", {1}, {1})).status();
  EXPECT_EQ(failed.code(), ErrorCode::kUnavailable);
  EXPECT_THAT(failed.message(), HasSubstr("busy"));
  EXPECT_EQ(service_->statistics("chain", "")->front().counts.fail.count, 1u);
}

TEST_F(CoreEnsemble, ItsModelsAreLoadedWithItAndItGoesWithThem) {
  write_chain();
  start(ControlMode::kExplicit);
  ASSERT_TRUE(load("chain").ok());
  EXPECT_TRUE(service_->model_ready("one", ""));
  EXPECT_THAT(ask_floats(floats_request("chain", {1}, {1})), ElementsAre(12));
  ASSERT_TRUE(unload("ten").ok());
  EXPECT_FALSE(service_->model_ready("chain", ""));
  ASSERT_TRUE(load("ten").ok());
  EXPECT_THAT(ask_floats(floats_request("chain", {1}, {1})), ElementsAre(12));
  ASSERT_TRUE(unload("chain", true).ok());
  EXPECT_FALSE(service_->model_ready("one", ""));
  EXPECT_TRUE(eventually([&] { return probe_->loaded == 0; }));
}

TEST_F(CoreEnsemble, AModelThatIsReloadedInItsMidstDropsNothing) {
  write_chain();
  start(ControlMode::kExplicit);
  ASSERT_TRUE(load("chain").ok());
  std::atomic<bool> stop{false};
  std::atomic<int> failed{0};
  std::thread caller([&] {
    while (!stop)
      if (!ask(floats_request("chain", {1}, {1})).ok()) ++failed;
  });
  for (int value = 10; value < 16; ++value) {
    write_model("ten", "add", 8, addend(value));
    EXPECT_TRUE(load("ten").ok());
  }
  stop = true;
  caller.join();
  EXPECT_EQ(failed, 0);
  EXPECT_THAT(ask_floats(floats_request("chain", {1}, {1})), ElementsAre(17));
}

TEST_F(CoreEnsemble, ItMayDoWithoutABatchAxisThatItsModelHas) {
  write_model("one", "add", 8, addend(1));
  write_ensemble("plain", step("one", "IN", "OUT"), 0);
  start();
  const Result<Answer> answer = ask(floats_request("plain", {1, 2}));
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  EXPECT_EQ(answer->response.outputs[0].shape, (Shape{2}));
  EXPECT_THAT(floats_of(answer->response.outputs[0]), ElementsAre(2, 3));
}

}  // namespace
}  // namespace ridgeline::serve
