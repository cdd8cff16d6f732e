#pragma once

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "serve/python/interpreter.h"
#include "serve/python/python_backend.h"
#include "serve/repository_files.h"
#include "serve/test_job.h"

namespace ridgeline::serve {

inline InputConfig input_config(const std::string& name, DType datatype = DType::kF32) {
  InputConfig input;
  input.name = name;
  input.datatype = datatype;
  input.dims = {-1};
  return input;
}

inline OutputConfig output_config(const std::string& name, DType datatype = DType::kF32) {
  OutputConfig output;
  output.name = name;
  output.datatype = datatype;
  output.dims = {-1};
  return output;
}

/// The Python of this machine that has numpy, looked for once.
inline const Result<std::string>& test_interpreter() {
  static const Result<std::string> found = Interpreters("").of({});
  return found;
}

/// A model.py that a test has written, and the backend that runs it.
class PythonModelTest : public testing::Test {
 protected:
  PythonModelTest() {
    source_.config.name = "m";
    source_.config.backend = "python";
    source_.config.default_model_filename = "model.py";
    source_.config.inputs = {input_config("IN")};
    source_.config.outputs = {output_config("OUT")};
    source_.version_path = files_.root() + "/m/1";
    source_.model_path = files_.root() + "/m";
    options_.most_memory_bytes = 64 << 20;
  }

  void SetUp() override {
    if (!test_interpreter().ok()) GTEST_SKIP() << test_interpreter().status().message();
    options_.interpreter = test_interpreter().value();
  }

  void write(const std::string& code) {
    files_.write("m/1/model.py",
                 "import numpy as np\nimport triton_python_backend_utils as pb_utils\n" + code);
  }

  Result<std::unique_ptr<LoadedModel>> load() { return python_backend(options_)->load(source_); }

  Result<std::unique_ptr<Instance>> try_start(const std::string& code) {
    write(code);
    ASSIGN_OR_RETURN(const std::unique_ptr<LoadedModel> model, load());
    return model->make_instance({.name = "m_0_0"});
  }

  std::unique_ptr<Instance> start(const std::string& code) {
    Result<std::unique_ptr<Instance>> instance = try_start(code);
    EXPECT_TRUE(instance.ok()) << instance.status().message();
    return instance.ok() ? std::move(*instance) : nullptr;
  }

  RepositoryFiles files_;
  ModelSource source_;
  PythonOptions options_;
};

using Jobs = std::vector<std::shared_ptr<TestJob>>;

inline ComputeTimes execute(Instance& instance, const Jobs& jobs) {
  const std::vector<std::shared_ptr<Job>> batch(jobs.begin(), jobs.end());
  return instance.execute(batch);
}

/// One request alone, answered.
inline std::shared_ptr<TestJob> ask(Instance& instance, std::vector<TestTensor> inputs) {
  auto job = std::make_shared<TestJob>(std::move(inputs));
  execute(instance, {job});
  EXPECT_EQ(job->answer_count(), 1u);
  return job;
}

/// The float OUT of one request with that IN.
inline std::vector<float> ask_floats(Instance& instance, std::vector<float> values) {
  const auto outputs = ask(instance, {TestTensor::floats("IN", std::move(values))})->outputs();
  return outputs.empty() ? std::vector<float>() : outputs[0].as_floats();
}

}  // namespace ridgeline::serve
