#include "serve/python_service.h"

#include <csignal>
#include <gmock/gmock.h>

namespace ridgeline::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(PythonServiceTest, AnEnsembleThatBeginsInPythonGivesOneRowAPicture) {
  write_python("preprocess", R"(
max_batch_size: 8
input [ { name: "IMAGE" data_type: TYPE_UINT8 dims: [ 8, 8, 3 ] } ]
output [ { name: "PIXELS" data_type: TYPE_FP32 dims: [ 3, 8, 8 ] } ]
)",
               R"(
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)
SCALE = (1.0 / (255.0 * STD)).astype(np.float32)
BIAS = (-MEAN / STD).astype(np.float32)


class TritonPythonModel:
    def execute(self, requests):
        out = []
        for r in requests:
            x = pb_utils.get_input_tensor_by_name(r, "IMAGE").as_numpy()
            y = np.ascontiguousarray((x.astype(np.float32) * SCALE + BIAS).transpose(0, 3, 1, 2))
            out.append(pb_utils.InferenceResponse([pb_utils.Tensor("PIXELS", y)]))
        return out
)");
  write_python("project", R"(
max_batch_size: 8
input [ { name: "PIXELS" data_type: TYPE_FP32 dims: [ 3, 8, 8 ] } ]
output [ { name: "PROJECTION" data_type: TYPE_FP32 dims: [ 32 ] } ]
dynamic_batching { }
)",
               R"(
class TritonPythonModel:
    def execute(self, requests):
        responses = []
        for r in requests:
            red = pb_utils.get_input_tensor_by_name(r, "PIXELS").as_numpy()[:, 0].mean(axis=(1, 2), dtype=np.float32)
            responses.append(pb_utils.InferenceResponse([pb_utils.Tensor("PROJECTION", np.repeat(red[:, None], 32, axis=1))]))
        return responses
)");
  files_.make("pipeline/1");
  files_.write("pipeline/config.pbtxt", R"(
platform: "ensemble"
max_batch_size: 8
input [ { name: "IMAGE" data_type: TYPE_UINT8 dims: [ 8, 8, 3 ] } ]
output [ { name: "PROJECTION" data_type: TYPE_FP32 dims: [ 32 ] } ]
ensemble_scheduling { step [
  { model_name: "preprocess" model_version: -1 input_map { key: "IMAGE" value: "IMAGE" } output_map { key: "PIXELS" value: "pixels" } },
  { model_name: "project" model_version: -1 input_map { key: "PIXELS" value: "pixels" } output_map { key: "PROJECTION" value: "PROJECTION" } }
] }
)");
  start_python();
  wire::InferRequest request{.model = "pipeline"};
  std::vector<std::byte> pictures(2 * 8 * 8 * 3, std::byte{0});
  std::fill(pictures.begin() + 8 * 8 * 3, pictures.end(), std::byte{255});
  const auto data = wire::keep(std::move(pictures), request);
  request.inputs.push_back({.name = "IMAGE", .datatype = DType::kU8, .shape = {2, 8, 8, 3}, .data = data});
  const Result<Answer> answer = ask(std::move(request));
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  ASSERT_EQ(answer->response.outputs.size(), 1u);
  EXPECT_EQ(answer->response.outputs[0].shape, Shape({2, 32}));
  const std::vector<float> values = floats_of(answer->response.outputs[0]);
  EXPECT_NEAR(values.front(), -0.485 / 0.229, 1e-4);
  EXPECT_NEAR(values.back(), (1 - 0.485) / 0.229, 1e-4);
}

TEST_F(PythonServiceTest, AModelCallsAnotherAndHearsOfOneThatIsNotThere) {
  write_python("twice", kFloats, R"(
class TritonPythonModel:
    def execute(self, requests):
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", r.inputs()[0].as_numpy() * 2)]) for r in requests]
)");
  write_python("caller", kFloats, R"(
class TritonPythonModel:
    def execute(self, requests):
        x = requests[0].inputs()[0].as_numpy()
        called = pb_utils.InferenceRequest(model_name="twice" if x[0] else "none", requested_output_names=["OUT"],
                                           inputs=[pb_utils.Tensor("IN", x)]).exec()
        if called.has_error():
            return [pb_utils.InferenceResponse(error=called.error())]
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", called.output_tensors()[0].as_numpy() + 1)])]
)");
  start_python();
  for (float i = 1; i < 20; ++i)
    EXPECT_THAT(ask_floats(floats_request("caller", {i, -i})), ElementsAre(2 * i + 1, 1 - 2 * i));
  EXPECT_THAT(ask(floats_request("caller", {0})).status().message(), HasSubstr("unknown model: 'none'"));
}

TEST_F(PythonServiceTest, DecoupledAnswersComeOneByOne) {
  write_python("count", std::string(kFloats) + "model_transaction_policy { decoupled: true }\n", R"(
class TritonPythonModel:
    def execute(self, requests):
        for r in requests:
            sender = r.get_response_sender()
            for i in range(int(r.inputs()[0].as_numpy()[0])):
                sender.send(pb_utils.InferenceResponse([pb_utils.Tensor("OUT", np.array([i], np.float32))]))
            sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
)");
  start_python();
  for (const size_t count : {0u, 1u, 40u}) {
    const auto client = send(floats_request("count", {static_cast<float>(count)}));
    const auto answers = client->await();
    ASSERT_EQ(answers.size(), count);
    for (size_t i = 0; i < count; ++i)
      EXPECT_THAT(floats_of(answers[i].value().response.outputs.at(0)), ElementsAre(static_cast<float>(i)));
  }
}

TEST_F(PythonServiceTest, AKilledProcessCostsItsBatchAndNoWrongAnswer) {
  write_python("fragile", std::string(kFloats) + "instance_group { count: 2 kind: KIND_CPU }\n", R"(
import os
class TritonPythonModel:
    def execute(self, requests):
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", np.append(r.inputs()[0].as_numpy(), np.float32(os.getpid())))])
                for r in requests]
)");
  start_python();
  std::atomic<pid_t> process = -1;
  std::atomic<int> right = 0, wrong = 0, failed = 0;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller)
    callers.emplace_back([&, caller] {
      for (int i = 0; i < 400; ++i) {
        const auto mine = static_cast<float>(1000 * caller + i);
        const Result<Answer> answer = ask(floats_request("fragile", {mine}));
        if (!answer.ok()) {
          ++failed;
          continue;
        }
        const std::vector<float> values = floats_of(answer->response.outputs.at(0));
        ++(values.size() == 2 && values[0] == mine ? right : wrong);
        process = static_cast<pid_t>(values.back());
      }
    });
  int kills = 0;
  for (pid_t last = -1; kills < 4 && right + wrong + failed < 1100;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (process == last || process < 0) continue;
    last = process;
    ::kill(last, SIGKILL);
    ++kills;
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(failed, kills);
  EXPECT_EQ(right + failed, 1200);
}

}  // namespace
}  // namespace ridgeline::serve
