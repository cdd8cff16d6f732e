// What a Python model does to the other models of its server: load, unload, ask whether one is ready.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <thread>

#include "serve/python_service.h"

namespace ridgeline::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kTwice = R"(
class TritonPythonModel:
    def execute(self, requests):
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", r.inputs()[0].as_numpy() * 2)]) for r in requests]
)";

/// Does as it is asked, and says whether "other" and version 1 of "made" are ready.
constexpr const char* kSteering = R"(
class TritonPythonModel:
    def execute(self, requests):
        what = int(requests[0].inputs()[0].as_numpy()[0])
        if what == 1:
            pb_utils.load_model(model_name="other")
        elif what == 2:
            pb_utils.unload_model("other")
        elif what == 3:
            config = '{"backend": "python", "input": [{"name": "IN", "data_type": "TYPE_FP32", "dims": [-1]}],' \
                     ' "output": [{"name": "OUT", "data_type": "TYPE_FP32", "dims": [-1]}]}'
            code = b"import triton_python_backend_utils as u\nfrom three import THREE\nclass TritonPythonModel:\n" \
                   b"  def execute(self, requests):\n" \
                   b"    return [u.InferenceResponse([u.Tensor('OUT', r.inputs()[0].as_numpy() * THREE)]) for r in requests]\n"
            pb_utils.load_model("made", config, {"file:1/model.py": code, "file:1/three.py": b"THREE = 3\n"})
        ready = [pb_utils.is_model_ready("other"), pb_utils.is_model_ready("made", "1")]
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", np.array(ready, np.float32))])]
)";

std::string loads_at_start(const std::string& other) {
  return fmt::format(R"(
class TritonPythonModel:
    def initialize(self, args):
        pb_utils.load_model("{}")
    def execute(self, requests):
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", r.inputs()[0].as_numpy() + 1)]) for r in requests]
)",
                     other);
}

TEST_F(PythonServiceTest, AModelLoadsAndUnloadsOthers) {
  write_python("steering", kFloats, kSteering);
  write_python("other", kFloats, kTwice);
  start_python(ControlMode::kExplicit);
  ASSERT_TRUE(load("steering").ok());
  EXPECT_THAT(ask_floats(floats_request("steering", {0})), ElementsAre(0, 0));
  EXPECT_THAT(ask_floats(floats_request("steering", {1})), ElementsAre(1, 0));
  EXPECT_THAT(ask_floats(floats_request("other", {4})), ElementsAre(8));
  EXPECT_THAT(ask_floats(floats_request("steering", {3})), ElementsAre(1, 1));
  EXPECT_THAT(ask_floats(floats_request("made", {4})), ElementsAre(12));
  EXPECT_THAT(ask_floats(floats_request("steering", {2})), ElementsAre(0, 1));
  EXPECT_FALSE(service_->model_ready("other", ""));
}

TEST_F(PythonServiceTest, WhatAModelAsksInVainIsSaidInTritonsWords) {
  write_python("wrong", kFloats, R"(
def words(call):
    try:
        call()
    except pb_utils.TritonModelException as error:
        return str(error)
    return "fine"
class TritonPythonModel:
    def execute(self, requests):
        said = [words(lambda: pb_utils.load_model("nosuch")), words(lambda: pb_utils.load_model("a", files=[])),
                words(lambda: pb_utils.load_model("a", files={"file:1/model.py": b""})),
                words(lambda: pb_utils.is_model_ready("a", "one")), words(lambda: pb_utils.unload_model("nosuch"))]
        return [pb_utils.InferenceResponse(error=pb_utils.TritonError("\n".join(said)))]
)");
  start_python(ControlMode::kExplicit);
  ASSERT_TRUE(load("wrong").ok());
  constexpr std::string_view kAbout = "Failed to process the request for model 'wrong_0', message: ";
  EXPECT_EQ(
      ask(floats_request("wrong", {1})).status().message(),
      fmt::format("Failed to load model: {0}failed to load 'nosuch', failed to poll from model repository\n"
                  "failed to load model 'a', files should be a dictionary of file paths and file contents\n"
                  "Failed to load model: {0}files of model 'a' were sent without a configuration: send the "
                  "'config' parameter too\n"
                  "Failed to check model readiness: {0}failed to get model version from specified version "
                  "string 'one' (details: stol), version should be an integral value > 0\n"
                  "fine",
                  kAbout));
}

TEST_F(PythonServiceTest, AModelChangesOthersInExplicitModeOnly) {
  write_python("steering", kFloats, kSteering);
  write_python("other", kFloats, kTwice);
  start_python();
  EXPECT_THAT(ask_floats(floats_request("steering", {0})), ElementsAre(1, 0));
  EXPECT_THAT(ask(floats_request("steering", {2})).status().message(),
              HasSubstr("explicit model load / unload is not allowed if polling is enabled"));
}

TEST_F(PythonServiceTest, ManyModelsLoadOthersWhileTheyAreBeingLoaded) {
  constexpr int kModels = 6;  // more than load at a time
  for (int i = 0; i < kModels; ++i) {
    write_python(fmt::format("leader{}", i), kFloats, loads_at_start(fmt::format("middle{}", i)));
    write_python(fmt::format("middle{}", i), kFloats, loads_at_start("last"));
  }
  write_python("last", kFloats, kTwice);
  start_python(ControlMode::kExplicit);
  std::vector<std::thread> clients;
  for (int i = 0; i < kModels; ++i)
    clients.emplace_back([&, i] { EXPECT_TRUE(load(fmt::format("leader{}", i)).ok()); });
  for (std::thread& client : clients) client.join();
  for (int i = 0; i < kModels; ++i) EXPECT_TRUE(service_->model_ready(fmt::format("middle{}", i), ""));
  EXPECT_THAT(ask_floats(floats_request("last", {4})), ElementsAre(8));
}

TEST_F(PythonServiceTest, ModelsThatWaitForEachOthersLoadingAreRefused) {
  write_python("itself", kFloats, loads_at_start("itself"));
  write_python("one", kFloats, loads_at_start("two"));
  write_python("two", kFloats, loads_at_start("three"));
  write_python("three", kFloats, loads_at_start("one"));
  start_python(ControlMode::kExplicit);
  EXPECT_THAT(
      load("itself").message(),
      HasSubstr("model 'itself' cannot change 'itself' now: that is to wait for 'itself' to be loaded"));
  EXPECT_THAT(load("one").message(),
              HasSubstr("model 'three' cannot change 'one' now: that is to wait for 'three' to be loaded"));
  EXPECT_FALSE(service_->model_ready("two", ""));
}

TEST_F(PythonServiceTest, AModelOfTheServersStartLoadsOthersThatAreNot) {
  write_python("leader", kFloats, loads_at_start("follower"));
  write_python("follower", kFloats, kTwice);
  ServiceOptions explicitly = options(ControlMode::kExplicit);
  explicitly.load_models = {"leader"};
  start_python(explicitly);
  EXPECT_THAT(ask_floats(floats_request("follower", {4})), ElementsAre(8));
  service_.reset();
  explicitly.load_models = {"leader", "follower"};
  explicitly.exit_on_error = false;
  start_python(explicitly);
  EXPECT_TRUE(service_->model_ready("follower", ""));
  EXPECT_FALSE(service_->model_ready("leader", ""));
}

TEST_F(PythonServiceTest, AServerEndsWhileAModelGoesOnLoading) {
  write_python("restless", kFloats, R"(
import threading
def again():
    while True:
        try:
            pb_utils.load_model("other")
            pb_utils.unload_model("other")
        except pb_utils.TritonModelException:
            pass
class TritonPythonModel:
    def initialize(self, args):
        threading.Thread(target=again, daemon=True).start()
    def execute(self, requests):
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", r.inputs()[0].as_numpy())]) for r in requests]
)");
  write_python("other", kFloats, kTwice);
  start_python(ControlMode::kExplicit);
  ASSERT_TRUE(load("restless").ok());
  EXPECT_TRUE(eventually([&] { return service_->model_ready("other", ""); }));
  service_.reset();
}

TEST_F(PythonServiceTest, WhileItsConfigurationIsCompletedAModelChangesNothing) {
  write_python("early", "", R"(
class TritonPythonModel:
    @staticmethod
    def auto_complete_config(config):
        pb_utils.load_model("other")
        return config
    def execute(self, requests):
        return []
)");
  start_python(ControlMode::kExplicit);
  EXPECT_THAT(load("early").message(),
              HasSubstr("the server's models can be neither called nor changed from here"));
}

}  // namespace
}  // namespace ridgeline::serve
