#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "serve/python_model.h"

namespace ridgeline::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PythonDecoupledTest : public PythonModelTest {
 protected:
  PythonDecoupledTest() { source_.config.decoupled = true; }

  static std::shared_ptr<TestJob> job(std::vector<float> values, bool cancelled = false) {
    return std::make_shared<TestJob>(std::vector{TestTensor::floats("IN", std::move(values))}, cancelled);
  }
};

constexpr const char* kCounts = R"(
import threading, time
FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL
def respond(x): return pb_utils.InferenceResponse([pb_utils.Tensor("OUT", np.array([x], np.float32))])
class TritonPythonModel:
    def execute(self, requests):
        for r in requests:
            threading.Thread(target=self.count, args=(r.get_response_sender(), int(r.inputs()[0].as_numpy()[0]))).start()
    def count(self, sender, n):
        for i in range(n):
            sender.send(respond(i))
        sender.send(flags=FINAL)
)";

TEST_F(PythonDecoupledTest, EachRequestHasAsManyAnswersAsTheModelSends) {
  const auto instance = start(kCounts);
  const Jobs jobs = {job({0}), job({1}), job({500})};
  execute(*instance, jobs);
  for (const auto& each : jobs) ASSERT_TRUE(each->wait_for_end());
  EXPECT_EQ(jobs[0]->answer_count(), 0u);
  EXPECT_EQ(jobs[1]->answer_count(), 1u);
  ASSERT_EQ(jobs[2]->answer_count(), 500u);
  for (size_t i = 0; i < 500; ++i)
    EXPECT_THAT(jobs[2]->outputs(i).at(0).as_floats(), ElementsAre(static_cast<float>(i)));
  for (const auto& each : jobs) EXPECT_EQ(each->ends(), 1);
}

TEST_F(PythonDecoupledTest, TheNextBatchRunsWhileAnswersOfTheOneBeforeAreStillToCome) {
  const auto instance = start(R"(
FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL
class TritonPythonModel:
    held = None
    def execute(self, requests):
        for r in requests:
            response = pb_utils.InferenceResponse([pb_utils.Tensor("OUT", r.inputs()[0].as_numpy())])
            if self.held is None:
                self.held = (r.get_response_sender(), response)
                continue
            r.get_response_sender().send(response, FINAL)
            self.held[0].send(self.held[1], FINAL)
)");
  const auto first = job({1});
  const auto second = job({2});
  execute(*instance, {first});
  EXPECT_EQ(first->answer_count(), 0u);
  execute(*instance, {second});
  ASSERT_TRUE(first->wait_for_end());
  ASSERT_TRUE(second->wait_for_end());
  EXPECT_THAT(first->outputs().at(0).as_floats(), ElementsAre(1));
  EXPECT_THAT(second->outputs().at(0).as_floats(), ElementsAre(2));
}

TEST_F(PythonDecoupledTest, ErrorsReachTheirRequestAndEndIt) {
  const auto instance = start(R"(
FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL
class TritonPythonModel:
    def execute(self, requests):
        r = requests[0]
        n, sender = int(r.inputs()[0].as_numpy()[0]), r.get_response_sender()
        if n == 1: sender.send(pb_utils.InferenceResponse(error=pb_utils.TritonError("no")), FINAL)
        if n == 2: raise RuntimeError("boom")
        if n == 3: return []
        if n == 5:
            sender.send(flags=FINAL)
            sender.send(flags=FINAL)
        if n == 6: __import__("os")._exit(1)
)");
  const auto told = [&](float n) {
    const auto each = job({n});
    execute(*instance, {each});
    EXPECT_TRUE(each->wait_for_end()) << n;
    EXPECT_EQ(each->ends(), 1) << n;
    return each->answer_count() == 0 ? Status() : each->status();
  };
  EXPECT_EQ(told(1).message(), "no");
  EXPECT_THAT(told(2).message(), HasSubstr("RuntimeError: boom"));
  EXPECT_THAT(told(3).message(), HasSubstr("must return None"));
  EXPECT_TRUE(told(5).ok());
  EXPECT_THAT(told(6).message(), HasSubstr("not healthy"));
  EXPECT_TRUE(told(0).ok()) << "a request that the model forgets is ended without an answer";
}

TEST_F(PythonDecoupledTest, AsyncExecutesRunSideBySideAndTheirErrorsReachTheirRequests) {
  const auto instance = start(R"(
import asyncio
FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL
class TritonPythonModel:
    async def execute(self, requests):
        for r in requests:
            x, sender = r.inputs()[0].as_numpy(), r.get_response_sender()
            if x[0] == 0: raise KeyError("later")
            await asyncio.sleep(0.2 / x[0])
            sender.send(pb_utils.InferenceResponse([pb_utils.Tensor("OUT", x)]), FINAL)
)");
  const Jobs jobs = {job({1}), job({100}), job({0})};
  for (const auto& each : jobs) execute(*instance, {each});
  ASSERT_TRUE(jobs[1]->wait_for_end());
  EXPECT_EQ(jobs[0]->ends(), 0) << "the slow one does not hold up the fast one";
  for (const auto& each : jobs) ASSERT_TRUE(each->wait_for_end());
  EXPECT_THAT(jobs[0]->outputs().at(0).as_floats(), ElementsAre(1));
  EXPECT_THAT(jobs[2]->status().message(), HasSubstr("KeyError: 'later'"));
}

TEST_F(PythonDecoupledTest, AProcessThatEndsEndsAllThatIsOpenWithAnError) {
  const auto instance = start(R"(
class TritonPythonModel:
    kept = []
    def execute(self, requests):
        for r in requests:
            if r.inputs()[0].as_numpy()[0] == 9: __import__("os")._exit(1)
            self.kept.append(r.get_response_sender())
)");
  const Jobs open = {job({1}), job({2})};
  execute(*instance, open);
  const auto last = job({9});
  execute(*instance, {last});
  for (const auto& each : {open[0], open[1], last}) {
    ASSERT_TRUE(each->wait_for_end());
    EXPECT_THAT(each->status().message(), HasSubstr("exit code 1"));
    EXPECT_EQ(each->answer_count(), 1u);
  }
}

TEST_F(PythonDecoupledTest, UnloadingEndsWhatIsOpen) {
  auto instance = start(
      "class TritonPythonModel:\n  kept = []\n  def execute(self, requests):\n    self.kept += requests\n");
  const auto open = job({1});
  execute(*instance, {open});
  instance.reset();
  ASSERT_TRUE(open->wait_for_end());
  EXPECT_FALSE(open->status().ok());
}

TEST_F(PythonDecoupledTest, AModelLearnsThatItsClientHasGone) {
  const auto instance = start(R"(
FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL
class TritonPythonModel:
    def execute(self, requests):
        for r in requests:
            s = r.get_response_sender()
            out = np.array([r.is_cancelled(), s.is_cancelled()], np.float32)
            s.send(pb_utils.InferenceResponse([pb_utils.Tensor("OUT", out)]), FINAL)
)");
  const Jobs jobs = {job({1}), job({1}, true)};
  execute(*instance, jobs);
  for (const auto& each : jobs) ASSERT_TRUE(each->wait_for_end());
  EXPECT_THAT(jobs[0]->outputs().at(0).as_floats(), ElementsAre(0, 0));
  EXPECT_THAT(jobs[1]->outputs().at(0).as_floats(), ElementsAre(1, 1));
}

/// Doubles what "twice" is asked for, counts down for "count", and knows no other model.
class FakeModels : public Host {
 public:
  void infer(Call call) override {
    const std::lock_guard lock(mutex_);
    threads_.emplace_back([call = std::move(call)] { answer(call); });
  }
  void load(const std::string&, wire::http::LoadRequest, const Asker&, Done done) override {
    done(unsupported("not asked for here"));
  }
  void unload(const std::string&, bool, const Asker&, Done done) override {
    done(unsupported("not asked for here"));
  }
  Result<bool> model_ready(const std::string&, const std::string&) const override { return false; }
  ~FakeModels() override {
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  static Result<Answer> floats(const std::vector<float>& values) {
    auto own = std::make_shared<const std::vector<float>>(values);
    Answer answer;
    answer.response.outputs.push_back(
        {"OUT", DType::kF32, {static_cast<int64_t>(own->size())}, std::as_bytes(std::span(*own))});
    answer.keep_alive.push_back(own);
    return answer;
  }

  static void answer(const Call& call) {
    const wire::InferRequest& request = call.request;
    std::vector<float> values(request.inputs.at(0).data.size() / sizeof(float));
    std::memcpy(values.data(), request.inputs.at(0).data.data(), request.inputs.at(0).data.size());
    if (request.model == "twice") {
      EXPECT_EQ(request.id, "the id");
      EXPECT_EQ(request.version, "3");
      EXPECT_EQ(std::get<uint64_t>(request.sequence.id), 11u);
      EXPECT_EQ(request.outputs.at(0).name, "OUT");
      for (float& value : values) value *= 2;
      call.client->answer(floats(values));
    } else if (request.model == "count") {
      for (float i = values[0]; i > 0; --i) call.client->answer(floats({i}));
    } else {
      call.client->answer(not_found("Request for unknown model: '{}' is not found", request.model));
    }
    call.client->end();
  }

  std::mutex mutex_;
  std::vector<std::thread> threads_;
};

TEST_F(PythonModelTest, AModelCallsOtherModelsOfTheServer) {
  FakeModels models;
  source_.host = &models;
  const auto instance = start(R"(
import asyncio
def call(model, x, **more):
    return pb_utils.InferenceRequest(model_name=model, requested_output_names=["OUT"], inputs=[pb_utils.Tensor("IN", x)], **more)
class TritonPythonModel:
    async def many(self, x):
        responses = await asyncio.gather(*(call("twice", x + i, request_id="the id", model_version=3, correlation_id=11).async_exec()
                                           for i in range(8)))
        return sum(pb_utils.get_output_tensor_by_name(r, "OUT").as_numpy() for r in responses)
    def execute(self, requests):
        x = requests[0].inputs()[0].as_numpy()
        if x[0] == 0:
            response = call("none", x).exec()
            assert response.has_error() and response.error().code() == pb_utils.TritonError.NOT_FOUND
            return [pb_utils.InferenceResponse(error=response.error())]
        if x[0] == 1:
            out = asyncio.run(self.many(x))
        elif x[0] == 2:
            out = np.concatenate([r.output_tensors()[0].as_numpy() for r in call("count", x * 50).exec(decoupled=True)])
        else:
            out = call("twice", x, request_id="the id", model_version=3, correlation_id=11).exec().output_tensors()[0].as_numpy()
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", out)])]
)");
  EXPECT_EQ(ask(*instance, {TestTensor::floats("IN", {0})})->status().message(),
            "Request for unknown model: 'none' is not found");
  EXPECT_THAT(ask_floats(*instance, {1}), ElementsAre(2 * (8 + 28)));
  EXPECT_EQ(ask_floats(*instance, {2}).size(), 100u);
  for (float i = 3; i < 60; ++i) EXPECT_THAT(ask_floats(*instance, {i}), ElementsAre(2 * i));
}

TEST_F(PythonModelTest, ModelsAreCalledDuringExecuteOnly) {
  const auto failed = try_start(R"(
class TritonPythonModel:
    def initialize(self, args):
        pb_utils.InferenceRequest(model_name="m", requested_output_names=[], inputs=[]).exec()
    def execute(self, requests): pass
)");
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.status().message(), HasSubstr("BLS is only supported during the 'execute' function."));
}

}  // namespace
}  // namespace ridgeline::serve
