#include "serve/python/python_backend.h"

#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/python_model.h"
#include "wire/bytes.h"

namespace ridgeline::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kIdentity = R"(
class TritonPythonModel:
    def execute(self, requests):
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT" + t.name()[2:], t.as_numpy()) for t in r.inputs()])
                for r in requests]
)";

std::vector<std::byte> strings(const std::vector<std::string>& items) {
  std::vector<std::byte> bytes;
  for (const std::string& item : items) wire::append_string(bytes, item);
  return bytes;
}

TEST_F(PythonModelTest, EveryDatatypeThatNumpyHasComesBackAsItWas) {
  const std::vector<TestTensor> inputs = {
      TestTensor::of<uint8_t>("IN_BOOL", DType::kBool, {1, 0, 1}),
      TestTensor::of<uint8_t>("IN_UINT8", DType::kU8, {0, 255}),
      TestTensor::of<uint16_t>("IN_UINT16", DType::kU16, {0, 65535}),
      TestTensor::of<uint32_t>("IN_UINT32", DType::kU32, {1, 4294967295}),
      TestTensor::of<uint64_t>("IN_UINT64", DType::kU64, {1, UINT64_MAX}),
      TestTensor::of<int8_t>("IN_INT8", DType::kI8, {-128, 127}),
      TestTensor::of<int16_t>("IN_INT16", DType::kI16, {-32768, 5}),
      TestTensor::of<int32_t>("IN_INT32", DType::kI32, {INT32_MIN, 7}),
      TestTensor::of<int64_t>("IN_INT64", DType::kI64, {INT64_MIN, 9}),
      TestTensor::of<uint16_t>("IN_FP16", DType::kF16, {0x3c00, 0xfbff}),
      TestTensor::of<float>("IN_FP32", DType::kF32, {1.5F, -0.0F}),
      TestTensor::of<double>("IN_FP64", DType::kF64, {1e300, -2}),
      {"IN_BYTES", DType::kString, {2, 2}, strings({"", "a", std::string("\0\xff\0", 3), "long enough"})},
      {"IN_EMPTY", DType::kF32, {0, 4}, {}},
      {"IN_NOBYTES", DType::kString, {0}, {}},
      TestTensor{"IN_SCALAR", DType::kI32, Shape(), std::vector<std::byte>(4, std::byte{7})},
  };
  const auto instance = start(kIdentity);
  const std::vector<TestTensor> outputs = ask(*instance, inputs)->outputs();
  ASSERT_EQ(outputs.size(), 0u) << "only outputs of the configuration are wanted";

  for (const TestTensor& input : inputs)
    source_.config.outputs.push_back(output_config("OUT" + input.name.substr(2)));
  const auto again = start(kIdentity);
  const std::vector<TestTensor> all = ask(*again, inputs)->outputs();
  ASSERT_EQ(all.size(), inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    TestTensor expected = inputs[i];
    expected.name = "OUT" + expected.name.substr(2);
    EXPECT_EQ(all[i], expected) << expected.name;
  }
}

TEST_F(PythonModelTest, Bf16GoesThroughDlpackSinceNumpyHasNone) {
  const auto instance = start(R"(
class TritonPythonModel:
    def execute(self, requests):
        responses = []
        for r in requests:
            t = pb_utils.get_input_tensor_by_name(r, "IN")
            assert t.as_numpy() is None and t.triton_dtype() == 14 and t.is_cpu()
            assert t.__dlpack_device__() == (1, 0)
            responses.append(pb_utils.InferenceResponse([pb_utils.Tensor.from_dlpack("OUT", t.to_dlpack())]))
        return responses
)");
  const auto input = TestTensor::of<uint16_t>("IN", DType::kBF16, {0x3f80, 0x7f80, 0x1234});
  const std::vector<TestTensor> outputs = ask(*instance, {input})->outputs();
  ASSERT_EQ(outputs.size(), 1u);
  EXPECT_EQ(outputs[0].datatype, DType::kBF16);
  EXPECT_EQ(outputs[0].bytes, input.bytes);
}

TEST_F(PythonModelTest, DlpackTakesAndGivesNumpysArrays) {
  const auto instance = start(R"(
class TritonPythonModel:
    def execute(self, requests):
        responses = []
        for r in requests:
            array = np.from_dlpack(r.inputs()[0])
            doubled = np.asarray(array * 2)
            strided = np.stack([doubled, doubled], axis=1)[:, 0]
            responses.append(pb_utils.InferenceResponse([pb_utils.Tensor.from_dlpack("OUT", strided)]))
            unused = r.inputs()[0].to_dlpack()
            del unused
        return responses
)");
  for (int i = 0; i < 20; ++i) EXPECT_THAT(ask_floats(*instance, {1, 2, 3}), ElementsAre(2, 4, 6));
}

TEST_F(PythonModelTest, ABatchIsOneCallWithOneRequestEach) {
  const auto instance = start(R"(
class TritonPythonModel:
    def execute(self, requests):
        count = np.array([len(requests)], np.float32)
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", np.append(r.inputs()[0].as_numpy(), count))])
                for r in requests]
)");
  Jobs jobs;
  for (float i = 0; i < 5; ++i)
    jobs.push_back(std::make_shared<TestJob>(std::vector{TestTensor::floats("IN", {i})}));
  const ComputeTimes times = execute(*instance, jobs);
  EXPECT_GT(times.infer.count(), 0);
  for (size_t i = 0; i < jobs.size(); ++i)
    EXPECT_THAT(jobs[i]->outputs().at(0).as_floats(), ElementsAre(static_cast<float>(i), 5.0F));
}

TEST_F(PythonModelTest, InitializeIsGivenTritonsArguments) {
  source_.config.parameters["answer"] = "42";
  const auto instance = start(R"(
import json
class TritonPythonModel:
    def initialize(self, args):
        config = json.loads(args.pop("model_config"))
        self.config = config
        repository = args.pop("model_repository")
        assert sorted(args.items()) == [("model_instance_device_id", "0"), ("model_instance_kind", "CPU"),
            ("model_instance_name", "m_0_0"), ("model_name", "m"), ("model_version", "1")], args
        assert repository.endswith("/m") and pb_utils.get_model_dir() == repository + "/1"
        assert config["parameters"]["answer"]["string_value"] == "42"
        assert pb_utils.get_input_config_by_name(config, "IN")["data_type"] == "TYPE_FP32"
        assert pb_utils.get_output_config_by_name(config, "none") is None
        assert not pb_utils.using_decoupled_model_transaction_policy(config)
        assert pb_utils.triton_string_to_numpy("TYPE_FP32") is np.float32
        assert pb_utils.triton_string_to_numpy("TYPE_STRING") is np.object_
        assert [pb_utils.numpy_to_triton_type(t) for t in (np.bool_, np.float64, np.object_, np.bytes_)] == [1, 12, 13, 13]
        assert pb_utils.triton_to_numpy_type(11) is np.float32
    def execute(self, requests):
        r = requests[0]
        assert (r.request_id(), r.correlation_id(), r.flags(), r.timeout()) == ("id-7", "chat", 3, 99)
        assert json.loads(r.parameters()) == {"a": 1, "b": True, "c": "x", "d": 0.5}
        assert r.requested_output_names() == {"OUT"} and not r.is_cancelled()
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", np.ones(1, np.float32))],
                                           parameters={"n": 3, "s": "t", "f": 0.25, "y": True})]
)");
  ASSERT_TRUE(instance);
  auto job = std::make_shared<TestJob>(std::vector{TestTensor::floats("IN", {1})});
  wire::InferRequest& request = job->edit();
  request.id = "id-7";
  request.sequence = {.id = std::string("chat"), .start = true, .end = true};
  request.timeout_us = 99;
  request.parameters = {{"a", int64_t{1}}, {"b", true}, {"c", std::string("x")}, {"d", 0.5}};
  request.outputs = {{.name = "OUT"}};
  execute(*instance, {job});
  ASSERT_EQ(job->outputs().size(), 1u);
  EXPECT_EQ(job->parameters(),
            (wire::Parameters{{"n", int64_t{3}}, {"s", std::string("t")}, {"f", 0.25}, {"y", true}}));
}

TEST_F(PythonModelTest, WhatAModelRaisesIsToldAsTritonWordsIt) {
  const auto instance = start(R"(
class TritonPythonModel:
    def execute(self, requests):
        x = requests[0].inputs()[0].as_numpy()[0]
        if x == 1: raise RuntimeError("boom")
        if x == 2: return [pb_utils.InferenceResponse(error=pb_utils.TritonError("plain error"))]
        if x == 3: return [pb_utils.InferenceResponse(error=pb_utils.TritonError("bad arg", pb_utils.TritonError.INVALID_ARG))]
        if x == 4: return [pb_utils.InferenceResponse(error=pb_utils.TritonError("busy", pb_utils.TritonError.UNAVAILABLE))]
        if x == 5: return []
        if x == 6: return (1,)
        if x == 7: return [7]
        if x == 8: return [pb_utils.InferenceResponse([pb_utils.Tensor("", np.zeros(1))])]
        if x == 9: raise pb_utils.TritonModelException("mine")
        return None
)");
  const auto told = [&](float x) { return ask(*instance, {TestTensor::floats("IN", {x})})->status(); };
  const std::string path = source_.version_path + "/model.py";
  const std::string prefix = "Failed to process the request(s) for model 'm_0_0', message: ";
  EXPECT_EQ(told(1).message(), prefix + "RuntimeError: boom\n\nAt:\n  " + path + "(7): execute\n");
  EXPECT_EQ(told(1).code(), ErrorCode::kInternal);
  EXPECT_EQ(told(2).message(), "plain error");
  EXPECT_EQ(told(2).code(), ErrorCode::kInternal);
  EXPECT_EQ(told(3).message(), "bad arg");
  EXPECT_EQ(told(3).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(told(4).code(), ErrorCode::kUnavailable);
  EXPECT_EQ(told(5).message(),
            prefix +
                "Number of InferenceResponse objects do not match the number of InferenceRequest "
                "objects. InferenceRequest(s) size is:1, and InferenceResponse(s) size is:0\n");
  EXPECT_EQ(told(6).message(),
            prefix + "Expected a list in the execute return, found type '<class 'tuple'>'.");
  EXPECT_THAT(told(7).message(),
              HasSubstr("Expected an 'InferenceResponse' object in the execute function return"));
  EXPECT_THAT(told(8).message(), HasSubstr("Tensor name cannot be an empty string."));
  EXPECT_THAT(told(9).message(), HasSubstr("TritonModelException: mine\n\nAt:\n"));
  EXPECT_THAT(told(10).message(), HasSubstr("gave no response"));
}

TEST_F(PythonModelTest, AModelThatDoesNotLoadSaysWhereAndWhy) {
  const std::string path = source_.version_path + "/model.py";
  const auto raised = try_start(
      "class TritonPythonModel:\n  def initialize(self, args):\n    raise RuntimeError('cannot "
      "initialise')\n");
  ASSERT_FALSE(raised.ok());
  EXPECT_EQ(raised.status().message(),
            "RuntimeError: cannot initialise\n\nAt:\n  " + path + "(5): initialize\n");
  EXPECT_EQ(raised.status().code(), ErrorCode::kInternal);

  const auto missing = try_start("import no_such_module\nclass TritonPythonModel: pass\n");
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.status().message(),
              HasSubstr("No module named 'no_such_module'\n\nAt:\n  " + path + "(3)"));
  EXPECT_THAT(missing.status().message(), HasSubstr("EXECUTION_ENV_PATH"));

  const auto broken = try_start("def :\n");
  ASSERT_FALSE(broken.ok());
  EXPECT_THAT(broken.status().message(), HasSubstr("SyntaxError"));
  EXPECT_THAT(broken.status().message(), HasSubstr(path + "(3)"));

  const auto no_class = try_start("x = 1\n");
  ASSERT_FALSE(no_class.ok());
  EXPECT_THAT(no_class.status().message(), HasSubstr("TritonPythonModel"));

  const auto no_execute = try_start("class TritonPythonModel: pass\n");
  ASSERT_FALSE(no_execute.ok());
  EXPECT_EQ(no_execute.status().message(), "Python model " + path + " does not implement `execute` method.");

  const auto died = try_start(
      "import os, sys\nclass TritonPythonModel:\n  def initialize(self, args):\n"
      "    print('no licence', file=sys.stderr)\n    os._exit(3)\n");
  ASSERT_FALSE(died.ok());
  EXPECT_THAT(died.status().message(), HasSubstr("exit code 3"));
  EXPECT_THAT(died.status().message(), HasSubstr("no licence"));
}

TEST_F(PythonModelTest, AnInterpreterWithoutNumpyIsNamedWithTheRemedy) {
  write("class TritonPythonModel: pass\n");
  options_.interpreter = "/bin/false";
  const auto loaded = load();
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(loaded.status().message(), HasSubstr("/bin/false"));
  EXPECT_THAT(loaded.status().message(), HasSubstr("python3-numpy"));

  source_.config.parameters["EXECUTION_ENV_PATH"] = "$$TRITON_MODEL_DIRECTORY/env";
  const auto environment = load();
  ASSERT_FALSE(environment.ok());
  EXPECT_THAT(environment.status().message(), HasSubstr(source_.model_path + "/env/bin/python3"));
}

TEST_F(PythonModelTest, AModelCompletesItsConfiguration) {
  source_.config.inputs.clear();
  source_.config.outputs = {output_config("OUT")};
  source_.config.outputs[0].dims.clear();
  write(R"(
class TritonPythonModel:
    @staticmethod
    def auto_complete_config(config):
        config.add_input({"name": "IN", "data_type": "TYPE_UINT8", "dims": [3, -1], "optional": True})
        config.add_output({"name": "OUT", "data_type": "TYPE_FP32", "dims": [2]})
        config.set_max_batch_size(8)
        config.set_dynamic_batching()
        config.set_model_transaction_policy({"decoupled": False})
        try:
            config.add_output({"name": "OUT", "data_type": "TYPE_INT8", "dims": [2]})
        except ValueError as error:
            assert "configuration expects datatype TYPE_FP32" in str(error), error
        return config
    def execute(self, requests):
        return []
)");
  const auto loaded = load();
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  const ModelConfig& config = (*loaded)->config();
  ASSERT_EQ(config.inputs.size(), 1u);
  EXPECT_EQ(config.inputs[0].datatype, DType::kU8);
  EXPECT_THAT(config.inputs[0].dims, ElementsAre(3, -1));
  EXPECT_TRUE(config.inputs[0].optional);
  ASSERT_EQ(config.outputs.size(), 1u);
  EXPECT_THAT(config.outputs[0].dims, ElementsAre(2));
  EXPECT_EQ(config.max_batch_size, 8);
  const auto* batching = std::get_if<DynamicBatching>(&config.scheduling);
  ASSERT_NE(batching, nullptr);
  EXPECT_THAT(batching->preferred_batch_sizes, ElementsAre(8));
  EXPECT_EQ(config.decoupled, false);

  write("class TritonPythonModel:\n  @staticmethod\n  def auto_complete_config(config):\n    return 1\n");
  const auto wrong = load();
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.status().message(),
            "auto_complete_config function in model 'm' must return a valid pb.ModelConfig object.");
}

TEST_F(PythonModelTest, AnArrayThatAModelKeepsStaysAsItWas) {
  const auto instance = start(R"(
class TritonPythonModel:
    kept = None
    def execute(self, requests):
        x = requests[0].inputs()[0].as_numpy()
        if self.kept is None: self.kept = x[1:]
        x[0] += 100  # inputs may be written to
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", np.append(self.kept, x[0]))])]
)");
  EXPECT_THAT(ask_floats(*instance, {1, 2, 3}), ElementsAre(2, 3, 101));
  for (float i = 10; i < 40; ++i) EXPECT_THAT(ask_floats(*instance, {i, -1, -1}), ElementsAre(2, 3, i + 100));
}

TEST_F(PythonModelTest, AnswersThatAreKeptStayAsTheyWere) {
  const auto instance = start(kIdentity);
  std::vector<std::shared_ptr<TestJob>> kept;
  for (float i = 0; i < 30; ++i) kept.push_back(ask(*instance, {TestTensor::floats("IN", {i})}));
  for (size_t i = 0; i < kept.size(); i += 2) kept[i]->forget();
  for (float i = 0; i < 30; ++i) ask(*instance, {TestTensor::floats("IN", {-i})});
  for (size_t i = 1; i < kept.size(); i += 2)
    EXPECT_THAT(kept[i]->outputs().at(0).as_floats(), ElementsAre(static_cast<float>(i)));
}

TEST_F(PythonModelTest, MoreThanTheSharedMemoryHoldsIsAnErrorAndNotTheEnd) {
  options_.most_memory_bytes = 1 << 20;
  const auto instance = start(R"(
class TritonPythonModel:
    def execute(self, requests):
        n = int(requests[0].inputs()[0].as_numpy()[0])
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", np.zeros(n, np.float32))])]
)");
  const auto large_input = ask(*instance, {TestTensor::floats("IN", std::vector<float>(1 << 19))});
  EXPECT_EQ(large_input->status().code(), ErrorCode::kOutOfMemory);
  const auto large_output = ask(*instance, {TestTensor::floats("IN", {1 << 19})});
  EXPECT_THAT(large_output->status().message(), HasSubstr("MemoryError"));
  EXPECT_EQ(ask_floats(*instance, {4}).size(), 4u);
}

TEST_F(PythonModelTest, WhatAModelPrintsIsInTheLogUnderItsName) {
  options_.log = std::make_shared<Log>();
  wire::http::LogSettings settings;
  settings.file = files_.write("log.txt");
  ASSERT_TRUE(options_.log->change(settings).ok());
  auto instance = start(R"(
import sys
class TritonPythonModel:
    def initialize(self, args):
        print("to stdout")
        print("to stderr", file=sys.stderr)
    def execute(self, requests):
        pb_utils.Logger.log_warn("watch out")
        pb_utils.Logger.log("said")
        pb_utils.Logger.log_verbose("not shown")
        return [pb_utils.InferenceResponse([])]
    def finalize(self):
        print("good bye")
)");
  ask(*instance, {TestTensor::floats("IN", {1})});
  instance.reset();
  const std::string log = read_file(settings.file).value();
  EXPECT_THAT(log, HasSubstr("m_0_0: to stdout\n"));
  EXPECT_THAT(log, HasSubstr("m_0_0: to stderr\n"));
  EXPECT_THAT(log, testing::ContainsRegex("W[0-9. :]* [^\n]*m_0_0: watch out\n"));
  EXPECT_THAT(log, HasSubstr("m_0_0: said\n"));
  EXPECT_THAT(log, HasSubstr("m_0_0: good bye\n"));
  EXPECT_THAT(log, testing::Not(HasSubstr("not shown")));
}

TEST_F(PythonModelTest, NumericThreadsAreThoseOfThePlace) {
  write(R"(
import os
class TritonPythonModel:
    def execute(self, requests):
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", np.array([int(os.environ["OMP_NUM_THREADS"])], np.float32))])]
)");
  const auto model = load();
  ASSERT_TRUE(model.ok());
  if (std::getenv("OMP_NUM_THREADS") != nullptr) GTEST_SKIP() << "OMP_NUM_THREADS is set";
  const auto instance = (*model)->make_instance({.name = "m_0_0", .threads = 3});
  ASSERT_TRUE(instance.ok()) << instance.status().message();
  EXPECT_THAT(ask_floats(**instance, {1}), ElementsAre(3));
}

TEST_F(PythonModelTest, AModelSeesItsOwnShapesAndClientsSeeTheirs) {
  source_.config.max_batch_size = 4;
  source_.config.inputs[0].dims = {2, -1};
  source_.config.inputs[0].reshape = {-1, 1, 2};
  source_.config.outputs[0].dims = {1};
  source_.config.outputs[0].reshape = std::vector<int64_t>{};
  const auto instance = start(R"(
class TritonPythonModel:
    def execute(self, requests):
        x = requests[0].inputs()[0].as_numpy()
        assert x.shape == (1, 3, 1, 2), x.shape
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", x.sum(axis=(1, 2, 3)))])]
)");
  TestTensor input = TestTensor::floats("IN", {1, 2, 3, 4, 5, 6});
  input.shape = {1, 2, 3};
  const std::vector<TestTensor> outputs = ask(*instance, {input})->outputs();
  ASSERT_EQ(outputs.size(), 1u);
  EXPECT_EQ(outputs[0].shape, Shape({1, 1}));
  EXPECT_THAT(outputs[0].as_floats(), ElementsAre(21));
}

TEST_F(PythonModelTest, AnAsyncExecuteIsAwaited) {
  const auto instance = start(R"(
import asyncio
class TritonPythonModel:
    async def execute(self, requests):
        await asyncio.sleep(0.01)
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", r.inputs()[0].as_numpy())]) for r in requests]
)");
  EXPECT_THAT(ask_floats(*instance, {5}), ElementsAre(5));
}

TEST_F(PythonModelTest, ASenderAnswersForAModelThatIsNotDecoupled) {
  const auto instance = start(R"(
import threading
class TritonPythonModel:
    def execute(self, requests):
        for r in requests:
            x = r.inputs()[0].as_numpy()
            sender = r.get_response_sender()
            if x[0] == 9:
                continue
            def send(sender=sender, x=x):
                sender.send(pb_utils.InferenceResponse([pb_utils.Tensor("OUT", x)]), pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
            threading.Timer(0.02, send).start()
        return None
)");
  EXPECT_THAT(ask_floats(*instance, {5}), ElementsAre(5));
  const auto forgotten = ask(*instance, {TestTensor::floats("IN", {9})});
  EXPECT_THAT(forgotten->status().message(), HasSubstr("gave no response"));
}

}  // namespace
}  // namespace ridgeline::serve
