// Instances in processes: what they answer is in the backends' own tests; here is what happens when they end,
// lie or hang.

#include <csignal>
#include <gmock/gmock.h>
#include <optional>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "config_text.h"
#include "serve/backends/backends.h"
#include "serve/isolation/start_message.h"
#include "serve/kill_under_load.h"
#include "serve/odd_backend.h"
#include "serve/processes.h"
#include "serve/repository_files.h"
#include "serve/test_job.h"

namespace ridgeline::serve {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kConfig = R"(
name: "m" backend: "identity" max_batch_size: 4
input { name: "IN" data_type: TYPE_FP32 dims: [ -1 ] }
output { name: "OUT" data_type: TYPE_FP32 dims: [ 2 ] }
)";

class IsolatedInstance : public testing::Test {
 protected:
  IsolatedInstance() {
    source_.config = config_of(kConfig);
    source_.config.parameters["isolation"] = "process";
    source_.model_path = files_.root() + "/m";
    files_.make("m");
  }

  Result<std::unique_ptr<LoadedModel>> load() const {
    return isolated_backend(
               odd_backend(),
               {.command = {"/proc/self/exe", "odd_instance"}, .most_memory_bytes = 1 << 20, .log = nullptr})
        ->load(source_);
  }

  std::unique_ptr<Instance> start() const {
    const Result<std::unique_ptr<LoadedModel>> model = load();
    EXPECT_TRUE(model.ok()) << model.status().message();
    if (!model.ok()) return nullptr;
    Result<std::unique_ptr<Instance>> instance = (*model)->make_instance({.name = "m_0_0"});
    EXPECT_TRUE(instance.ok()) << instance.status().message();
    return instance.ok() ? std::move(*instance) : nullptr;
  }

  static std::shared_ptr<TestJob> ask(Instance& instance, std::vector<float> values) {
    TestTensor tensor = TestTensor::floats("IN", std::move(values));
    tensor.shape.dims().insert(tensor.shape.dims().begin(), 1);
    const auto job = std::make_shared<TestJob>(std::vector{std::move(tensor)});
    const std::shared_ptr<Job> batch = job;
    times_ = instance.execute({&batch, 1});
    EXPECT_EQ(job->answer_count(), 1u);
    return job;
  }
  static std::shared_ptr<TestJob> ask(Instance& instance, Oddity oddity) {
    return ask(instance, {static_cast<float>(oddity)});
  }

  /// -1 where the request failed.
  static pid_t process_of(Instance& instance) {
    const auto job = ask(instance, {0});
    return job->status().ok() ? static_cast<pid_t>(job->outputs().at(0).as_floats().at(1)) : -1;
  }

  RepositoryFiles files_;
  ModelSource source_;
  static ComputeTimes times_;  ///< of the batch before
};

ComputeTimes IsolatedInstance::times_;

TEST_F(IsolatedInstance, IsAChildOfTheServerWithItsNameAndEndsWithTheModel) {
  auto instance = start();
  ASSERT_NE(instance, nullptr);
  const pid_t process = process_of(*instance);
  EXPECT_THAT(children(), ElementsAre(process));
  std::ifstream file("/proc/" + std::to_string(process) + "/comm");
  std::string name;
  std::getline(file, name);
  EXPECT_EQ(name, "m_0_0");
  instance.reset();
  EXPECT_THAT(children(), IsEmpty());
}

TEST_F(IsolatedInstance, AKilledProcessFailsAtMostItsBatchAndTheNextOneGoesOn) {
  const auto instance = start();
  ASSERT_NE(instance, nullptr);
  const auto ask_it = [&](float i) -> std::optional<pid_t> {
    const float large = 99 + i;  // no oddity
    const auto job = ask(*instance, {-large, large});
    if (!job->status().ok()) {
      EXPECT_EQ(job->status().code(), ErrorCode::kUnavailable);
      EXPECT_THAT(job->status().message(),
                  HasSubstr("Instance process 'm_0_0' is not healthy: the process ended with SIGKILL"));
      return std::nullopt;
    }
    const std::vector<float> values = job->outputs().at(0).as_floats();
    EXPECT_EQ(values.size(), 2u);
    EXPECT_EQ(values.at(0), -large);
    return static_cast<pid_t>(values.at(1));
  };
  kill_under_load(process_of(*instance), milliseconds(10), milliseconds(40), ask_it);
}

TEST_F(IsolatedInstance, ABatchThatAProcessNeverSawGoesToTheNextOne) {
  const auto instance = start();
  ASSERT_NE(instance, nullptr);
  for (int i = 0; i < 5; ++i) {
    const pid_t before = process_of(*instance);
    kill(before, SIGKILL);
    const pid_t after = process_of(*instance);
    EXPECT_GT(after, 0);
    EXPECT_NE(after, before);
  }
}

TEST_F(IsolatedInstance, WhatEndsAProcessIsToldWithItsLastWords) {
  const auto instance = start();
  ASSERT_NE(instance, nullptr);
  EXPECT_EQ(
      ask(*instance, Oddity::kExit)->status().message(),
      "Instance process 'm_0_0' is not healthy: the process ended with exit code 7; its last lines:\nout "
      "of luck");
  EXPECT_THAT(ask(*instance, Oddity::kAbort)->status().message(), HasSubstr("SIGABRT"));
  EXPECT_GT(process_of(*instance), 0);
}

TEST_F(IsolatedInstance, ErrorsOfTheModelAreItsOwnAndLeaveTheProcessAlive) {
  const auto instance = start();
  ASSERT_NE(instance, nullptr);
  const pid_t process = process_of(*instance);
  EXPECT_EQ(ask(*instance, Oddity::kThrow)->status().message(), "the model failed: thrown on purpose");
  EXPECT_EQ(ask(*instance, Oddity::kLastCode)->status().code(), ErrorCode::kTimeout);
  EXPECT_EQ(ask(*instance, Oddity::kNoAnswer)->status().code(), ErrorCode::kInternal);
  EXPECT_EQ(ask(*instance, Oddity::kTooMuch)->status().code(), ErrorCode::kOutOfMemory);
  EXPECT_EQ(process_of(*instance), process);
}

TEST_F(IsolatedInstance, AnInputThatDoesNotFitIsRefusedBeforeTheProcessSeesIt) {
  const auto instance = start();
  ASSERT_NE(instance, nullptr);
  const pid_t process = process_of(*instance);
  EXPECT_EQ(ask(*instance, std::vector<float>(1 << 20))->status().code(), ErrorCode::kOutOfMemory);
  EXPECT_EQ(process_of(*instance), process);
}

TEST_F(IsolatedInstance, AProcessThatLiesIsReplacedAndItsAnswerRefused) {
  const auto instance = start();
  ASSERT_NE(instance, nullptr);
  for (const auto& [oddity, words] : std::vector<std::pair<Oddity, std::string>>{
           {Oddity::kShape, "its output 'OUT' has dims [3], not [2] as configured"},
           {Oddity::kRows, "its output 'OUT' is [2,2] for a batch of 1"},
           {Oddity::kDatatype, "'OUT'"},
           {Oddity::kName, "its output 'OTHER' is not configured"},
           {Oddity::kNegative, ""},
           {Oddity::kSize, "tensor 'OUT' has 4 bytes; its shape [1,2] needs 8"},
           {Oddity::kOffset, "tensor 'OUT' lies outside of its block"},
           {Oddity::kGarbage, ""},
           {Oddity::kHugeFrame, ""},
           {Oddity::kOtherTag, ""},
           {Oddity::kCount, "2 answers to 1 requests"},
           {Oddity::kClose, ""},
           {Oddity::kCutInputs, "SIGABRT"}}) {
    const pid_t before = process_of(*instance);
    const Status told = ask(*instance, oddity)->status();
    EXPECT_EQ(told.code(), ErrorCode::kUnavailable) << static_cast<int>(oddity);
    EXPECT_THAT(told.message(), HasSubstr("Instance process 'm_0_0' is not healthy: "));
    EXPECT_THAT(told.message(), HasSubstr(words)) << static_cast<int>(oddity);
    const pid_t after = process_of(*instance);
    EXPECT_GT(after, 0) << static_cast<int>(oddity);
    EXPECT_NE(after, before) << static_cast<int>(oddity);
    EXPECT_TRUE(goes(before));
  }
  ask(*instance, Oddity::kFreeAll);
  EXPECT_GT(process_of(*instance), 0);
}

TEST_F(IsolatedInstance, TimesThatCannotBeAreCutToTheTimeThatPassed) {
  const auto instance = start();
  ASSERT_NE(instance, nullptr);
  const auto begin = std::chrono::steady_clock::now();
  ask(*instance, Oddity::kNone);
  const auto passed = std::chrono::steady_clock::now() - begin;
  for (const Nanos part : {times_.input, times_.infer, times_.output}) EXPECT_GE(part.count(), 0);
  EXPECT_GT(times_.infer.count(), 0);
  EXPECT_LE(times_.input + times_.infer + times_.output, passed);
}

TEST_F(IsolatedInstance, AModelThatCannotStartAgainFailsAtOnceAndIsTriedAgain) {
  source_.config.parameters["load"] = "fail again";
  const auto instance = start();
  ASSERT_NE(instance, nullptr);
  files_.write("m/fail again");
  EXPECT_FALSE(ask(*instance, Oddity::kAbort)->status().ok());
  EXPECT_THAT(ask(*instance, Oddity::kNone)->status().message(), HasSubstr("no weights"));
  std::filesystem::remove(files_.root() + "/m/fail again");
  pid_t process = -1;
  for (int i = 0; i < 600 && process < 0; ++i) {
    std::this_thread::sleep_for(milliseconds(50));
    process = process_of(*instance);
  }
  EXPECT_GT(process, 0);
}

TEST_F(IsolatedInstance, ACrashOfTheLoadFailsTheLoadAlone) {
  source_.config.parameters["load"] = "abort";
  EXPECT_THAT(load().status().message(), HasSubstr("the process ended with SIGABRT"));
  EXPECT_THAT(children(), IsEmpty());
}

TEST_F(IsolatedInstance, WhatABrokenLoadHasTakenIsGivenBack) {
  source_.config.parameters["load"] = "hog";  // half a GiB
  const int64_t before = status_kb("self", "VmHWM");
  const Status told = load().status();
  EXPECT_EQ(told.code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(told.message(), "the file is broken at byte 536870912");
  EXPECT_THAT(children(), IsEmpty());
  EXPECT_LT(status_kb("self", "VmHWM"), before + (64 << 10));
}

TEST_F(IsolatedInstance, AConfigurationThatALiarCompletesIsRefused) {
  source_.config.parameters["load"] = "lie";
  EXPECT_THAT(load().status().message(), HasSubstr("what the process says of its model"));
}

TEST_F(IsolatedInstance, AnotherValueIsRefusedByNameWithTheRemedy) {
  source_.config.parameters["isolation"] = "container";
  const Status told = load().status();
  EXPECT_EQ(told.code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(
      told.message(),
      "parameter 'isolation' is 'container': it is \"thread\", or \"process\" for instances in processes "
      "of their own");
}

TEST_F(IsolatedInstance, AProgramThatIsNoInstanceFailsTheLoad) {
  const auto load_by = [&](std::vector<std::string> command) {
    return isolated_backend(odd_backend(), {.command = std::move(command)})->load(source_).status();
  };
  EXPECT_THAT(load_by({"/nowhere/ridgeline"}).message(), HasSubstr("/nowhere/ridgeline"));
  EXPECT_THAT(load_by({"/bin/true"}).message(), HasSubstr("the process ended with exit code 0"));
}

TEST_F(IsolatedInstance, AProcessDoesNotOutliveTheServer) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t server = fork();
  ASSERT_GE(server, 0);
  if (server == 0) {
    const auto instance = start();
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

TEST_F(IsolatedInstance, MemoryStaysFlatOverThousandsOfRequests) {
  const auto instance = start();
  ASSERT_NE(instance, nullptr);
  const std::string process = std::to_string(process_of(*instance));
  const auto run = [&](int requests) {
    for (int i = 0; i < requests; ++i) ask(*instance, std::vector<float>(32 << 10));
  };
  run(200);
  const int64_t child_before = status_kb(process, "VmRSS");
  const int64_t parent_before = status_kb("self", "VmRSS");
  run(3000);  // 128 KiB each
  if (kFreedMemoryIsKept) return;
  EXPECT_LT(status_kb(process, "VmRSS"), child_before + 2048);
  EXPECT_LT(status_kb("self", "VmRSS"), parent_before + 2048);
}

TEST(InstanceStart, ArrivesAsItWasSent) {
  InstanceStart start{.source = {.config = config_of(kConfig),
                                 .model_path = "/models/ä \"m\"",
                                 .version = 7,
                                 .version_path = "/models/m/7",
                                 .warm = {{{"x", {3, 8, 8}}, {"ü", {}}}, {}}},
                      .place = {.name = "m_0_1", .kind = InstanceKind::kGpu, .device = 2, .threads = 3},
                      .complete = true,
                      .again = true};
  start.source.config.parameters["isolation"] = "process";
  const Result<InstanceStart> arrived = instance_start_from_json(to_json(start).dump());
  ASSERT_TRUE(arrived.ok()) << arrived.status().message();
  EXPECT_EQ(config_text(arrived->source.config), config_text(start.source.config));
  EXPECT_EQ(arrived->source.warm, start.source.warm);
  EXPECT_EQ(to_json(*arrived), to_json(start));
  for (const char* broken : {"", "{}", "[]", "{\"config\": 3}"})
    EXPECT_EQ(instance_start_from_json(broken).status().code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace ridgeline::serve
