#pragma once

#include <gtest/gtest.h>
#include <string>
#include <utility>

#include "serve/python/interpreter.h"
#include "serve/python/python_backend.h"
#include "serve/service_fixture.h"

namespace ridgeline::serve {

/// Python models behind the service that fronts see.
class PythonServiceTest : public ServiceTest {
 protected:
  void SetUp() override {
    const Result<std::string> interpreter = Interpreters("").of({});
    if (!interpreter.ok()) GTEST_SKIP() << interpreter.status().message();
    interpreter_ = *interpreter;
  }

  void write_python(const std::string& name, const std::string& config, const std::string& code) {
    files_.write(name + "/config.pbtxt", "backend: \"python\"\n" + config);
    files_.write(name + "/1/model.py",
                 "import numpy as np\nimport triton_python_backend_utils as pb_utils\n" + code);
  }

  void start_python(ControlMode mode = ControlMode::kNone) { start_python(options(mode)); }
  void start_python(ServiceOptions options) {
    Backends backends;
    backends.emplace("python", python_backend({.interpreter = interpreter_, .most_memory_bytes = 64 << 20}));
    auto started = start_service(std::move(options), std::move(backends));
    ASSERT_TRUE(started.ok()) << started.status().message();
    service_ = std::move(*started);
  }

  std::string interpreter_;
};

inline constexpr const char* kFloats = R"(
input { name: "IN" data_type: TYPE_FP32 dims: [ -1 ] }
output { name: "OUT" data_type: TYPE_FP32 dims: [ -1 ] }
)";

}  // namespace ridgeline::serve
