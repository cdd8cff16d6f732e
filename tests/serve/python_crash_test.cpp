#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "serve/kill_under_load.h"
#include "serve/processes.h"
#include "serve/python_model.h"

namespace ridgeline::serve {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

/// OUT is IN, and the process that said so.
constexpr const char* kTellsItsProcess = R"(
import os
class TritonPythonModel:
    def execute(self, requests):
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", np.append(r.inputs()[0].as_numpy(), np.float32(os.getpid())))])
                for r in requests]
)";

pid_t process_of(Instance& instance) {
  const std::vector<float> values = ask_floats(instance, {0});
  return values.empty() ? -1 : static_cast<pid_t>(values.back());
}

TEST_F(PythonModelTest, AKilledProcessFailsAtMostItsBatchAndTheNextOneGoesOn) {
  const auto instance = start(kTellsItsProcess);
  const auto ask_it = [&](float i) -> std::optional<pid_t> {
    const auto job = ask(*instance, {TestTensor::floats("IN", {i, 2 * i})});
    if (!job->status().ok()) {
      EXPECT_THAT(job->status().message(),
                  HasSubstr("Stub process 'm_0_0' is not healthy: the process ended with SIGKILL"));
      return std::nullopt;
    }
    const std::vector<float> values = job->outputs().at(0).as_floats();
    EXPECT_EQ(values.size(), 3u);
    EXPECT_EQ(values.at(0), i);
    EXPECT_EQ(values.at(1), 2 * i);
    return static_cast<pid_t>(values.at(2));
  };
  kill_under_load(process_of(*instance), milliseconds(20), milliseconds(60), ask_it);
}

TEST_F(PythonModelTest, ABatchThatAProcessNeverSawGoesToTheNextOne) {
  const auto instance = start(kTellsItsProcess);
  for (int i = 0; i < 5; ++i) {
    const pid_t before = process_of(*instance);
    kill(before, SIGKILL);
    EXPECT_NE(process_of(*instance), before);
  }
}

TEST_F(PythonModelTest, ABatchThatEndsItsProcessIsToldHow) {
  const auto instance = start(R"(
import os, sys
class TritonPythonModel:
    def execute(self, requests):
        x = requests[0].inputs()[0].as_numpy()
        if x[0] == 1:
            print("out of luck", file=sys.stderr)
            os._exit(7)
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", x)])]
)");
  for (int i = 0; i < 2; ++i) {
    const Status told = ask(*instance, {TestTensor::floats("IN", {1})})->status();
    EXPECT_EQ(told.code(), ErrorCode::kInternal);
    EXPECT_EQ(told.message(),
              "Stub process 'm_0_0' is not healthy: the process ended with exit code 7; its last lines:\nout "
              "of luck");
    EXPECT_THAT(ask_floats(*instance, {2}), ElementsAre(2));
  }
}

TEST_F(PythonModelTest, AModelThatCannotStartAgainFailsAtOnceAndIsTriedAgain) {
  const std::string marker = files_.root() + "/broken";
  const auto instance = start(R"(
import os
class TritonPythonModel:
    def initialize(self, args):
        if os.path.exists(args["model_repository"] + "/../broken"): raise RuntimeError("no weights")
    def execute(self, requests):
        x = requests[0].inputs()[0].as_numpy()
        if x[0] == 1: os._exit(1)
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", x)])]
)");
  files_.write("broken");
  ask(*instance, {TestTensor::floats("IN", {1})});
  EXPECT_THAT(ask(*instance, {TestTensor::floats("IN", {2})})->status().message(), HasSubstr("no weights"));
  std::filesystem::remove(marker);
  Status last = internal_error("not tried");
  for (int i = 0; i < 600 && !last.ok(); ++i) {
    std::this_thread::sleep_for(milliseconds(50));
    last = ask(*instance, {TestTensor::floats("IN", {2})})->status();
  }
  EXPECT_TRUE(last.ok()) << last.message();
}

TEST_F(PythonModelTest, AProcessThatTalksNonsenseIsReplaced) {
  const auto instance = start(R"(
import os, struct
class TritonPythonModel:
    def execute(self, requests):
        x = requests[0].inputs()[0].as_numpy()
        n = int(x[0])
        if n == 1: os.write(4, b"garbage" * 100)
        if n == 2: os.write(4, struct.pack("<IIQ", 0xffffffff, 104, 1))
        if n == 3: os.write(4, struct.pack("<IIQ", 4, 104, 999) + b"abcd")
        if n == 4: os.write(5, b"garbage" * 100)
        if n == 5: os.write(5, struct.pack("<IIQ", 0, 104, 1))
        if n == 6: os.close(4)
        if n == 7: os.ftruncate(6, 0)
        if n == 8: os.ftruncate(7, 4096)
        if n in (4, 5): __import__("time").sleep(30)
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", x)])]
)");
  for (float n = 1; n <= 8; ++n) {
    const auto job = ask(*instance, {TestTensor::floats("IN", {n})});
    EXPECT_FALSE(job->status().ok()) << n;
    EXPECT_THAT(ask_floats(*instance, {0}), ElementsAre(0));
  }
}

TEST_F(PythonModelTest, FinalizeIsCalledAndHasAnEnd) {
  const std::string told = files_.root() + "/m/finalized";
  auto instance = start(R"(
class TritonPythonModel:
    def initialize(self, args): self.path = args["model_repository"]
    def execute(self, requests): return [None]
    def finalize(self): open(self.path + "/finalized", "w").close()
)");
  instance.reset();
  EXPECT_TRUE(std::filesystem::exists(told));

  options_.finalize_timeout = milliseconds(200);
  instance = start(R"(
import time
class TritonPythonModel:
    def execute(self, requests): return [None]
    def finalize(self): time.sleep(1000)
)");
  const auto begin = std::chrono::steady_clock::now();
  instance.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(30));
}

TEST_F(PythonModelTest, WhatAModelHasStartedEndsWithIt) {
  auto instance = start(R"(
import os, subprocess
class TritonPythonModel:
    def initialize(self, args):
        self.child = subprocess.Popen(["sleep", "1000"])
    def execute(self, requests):
        pids = np.array([self.child.pid, os.getpid()], np.float32)
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", pids)])]
)");
  const std::vector<float> pids = ask_floats(*instance, {0});
  ASSERT_EQ(pids.size(), 2u);
  instance.reset();
  for (const float pid : pids) EXPECT_TRUE(goes(static_cast<pid_t>(pid)));
}

TEST_F(PythonModelTest, AProcessDoesNotOutliveTheServer) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t server = fork();
  ASSERT_GE(server, 0);
  if (server == 0) {
    const auto instance = start(kTellsItsProcess);
    const pid_t process = instance ? process_of(*instance) : -1;
    [[maybe_unused]] const ssize_t written = ::write(ends[1], &process, sizeof process);
    pause();
    _exit(0);
  }
  pid_t process = -1;
  ASSERT_EQ(read(ends[0], &process, sizeof process), static_cast<ssize_t>(sizeof process));
  ASSERT_GT(process, 0);
  EXPECT_FALSE(is_gone(process));
  kill(server, SIGKILL);
  waitpid(server, nullptr, 0);
  EXPECT_TRUE(goes(process));
  close(ends[0]);
  close(ends[1]);
}

TEST_F(PythonModelTest, MemoryStaysFlatOverThousandsOfRequests) {
  const auto instance = start(kTellsItsProcess);
  const std::string process = std::to_string(process_of(*instance));
  const auto run = [&](int requests) {
    for (int i = 0; i < requests; ++i)
      ask_floats(*instance, std::vector<float>(32 << 10, static_cast<float>(i)));
  };
  run(200);
  const int64_t child_before = status_kb(process, "VmRSS");
  const int64_t parent_before = status_kb("self", "VmRSS");
  run(3000);  // 128 KiB each way
  EXPECT_LT(status_kb(process, "VmRSS"), child_before + 2048);
  if (!kFreedMemoryIsKept) {
    EXPECT_LT(status_kb("self", "VmRSS"), parent_before + 2048);
  }
}

}  // namespace
}  // namespace ridgeline::serve
