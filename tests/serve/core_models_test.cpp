#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "service_fixture.h"

namespace ridgeline::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class CoreModels : public ServiceTest {
 protected:
  /// "name:version STATE reason", as the index lists them.
  std::vector<std::string> index(bool ready_only = false) const {
    std::vector<std::string> lines;
    for (const auto& entry : ready_only ? service_->ready_versions() : listed())
      lines.push_back(fmt::format("{}:{} {} {}", entry.name, entry.version, entry.state, entry.reason));
    return lines;
  }

 private:
  std::vector<wire::http::IndexEntry> listed() const {
    std::promise<std::vector<wire::http::IndexEntry>> entries;
    service_->index([&](std::vector<wire::http::IndexEntry> all) { entries.set_value(std::move(all)); });
    return entries.get_future().get();
  }
};

TEST_F(CoreModels, AllModelsAreServedFromTheStart) {
  write_model("a", "identity");
  write_model("b", "identity");
  start();
  EXPECT_TRUE(service_->ready());
  EXPECT_THAT(index(), ElementsAre("a:1 READY ", "b:1 READY "));
  EXPECT_TRUE(service_->model_ready("a", ""));
  EXPECT_FALSE(service_->model_ready("a", "2"));
  const Result<ServedModel> model = service_->model("b", "");
  ASSERT_TRUE(model.ok());
  EXPECT_THAT(model->versions, ElementsAre("1"));
  EXPECT_EQ(model->config->backend, "python");
}

TEST_F(CoreModels, WhoeverAsksForTheIndexDoesNotWaitForDisks) {
  write_model("a", "identity");
  start();
  std::promise<std::thread::id> reader;
  service_->index([&](const auto& /*entries*/) { reader.set_value(std::this_thread::get_id()); });
  EXPECT_NE(reader.get_future().get(), std::this_thread::get_id());
}

TEST_F(CoreModels, LoadingIsOnlyForTheExplicitMode) {
  write_model("a", "identity");
  start();
  EXPECT_EQ(load("a").message(), "explicit model load / unload is not allowed if polling is enabled");
  EXPECT_EQ(unload("a").code(), ErrorCode::kUnavailable);
}

TEST_F(CoreModels, AModelThatFailsKeepsTheServerFromStarting) {
  write_model("a", "fail_load");
  const auto started = start_service(options(), test_backends(probe_));
  ASSERT_FALSE(started.ok());
  EXPECT_THAT(started.status().message(), HasSubstr("load failed for model 'a'"));
}

TEST_F(CoreModels, AModelThatFailsIsNotReadyWhereTheServerMayStart) {
  write_model("a", "fail_load");
  write_model("b", "identity");
  ServiceOptions lenient = options();
  lenient.exit_on_error = false;
  start(lenient);
  EXPECT_FALSE(service_->ready());
  EXPECT_THAT(index(),
              ElementsAre("a:1 UNAVAILABLE Internal: RuntimeError: cannot initialise\n", "b:1 READY "));
  EXPECT_EQ(ask(floats_request("a", {1})).status().message(),
            "Request for unknown model: 'a' has no available versions");
}

TEST_F(CoreModels, ExplicitLoadAndUnloadSayWhatTritonSays) {
  write_model("a", "identity");
  write_model("bad", "fail_load");
  start(ControlMode::kExplicit);
  EXPECT_THAT(index(), ElementsAre("a:  ", "bad:  "));
  EXPECT_EQ(ask(floats_request("a", {1})).status().message(), "Request for unknown model: 'a' is not found");
  EXPECT_TRUE(load("a").ok());
  EXPECT_TRUE(load("a").ok());
  EXPECT_THAT(ask_floats(floats_request("a", {4})), ElementsAre(4));
  EXPECT_EQ(load("nosuch").message(), "failed to load 'nosuch', failed to poll from model repository");
  EXPECT_EQ(load("../a").code(), ErrorCode::kInternal);
  const Status failed = load("bad");
  EXPECT_EQ(failed.code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(failed.message(),
            "load failed for model 'bad': version 1 is at UNAVAILABLE state: Internal: RuntimeError: cannot "
            "initialise\n;\n");
  EXPECT_TRUE(unload("a").ok());
  EXPECT_TRUE(unload("a").ok());
  EXPECT_TRUE(unload("nosuch").ok());
  EXPECT_TRUE(eventually([&] { return index().front() == "a:1 UNAVAILABLE unloaded"; }));
  EXPECT_EQ(ask(floats_request("a", {1})).status().message(),
            "Request for unknown model: 'a' has no available versions");
  EXPECT_EQ(service_->statistics("a", "").status().message(), "requested model 'a' is not available");
  EXPECT_EQ(probe_->loaded, 0);
}

TEST_F(CoreModels, OnlyTheNamedModelsAreLoadedAtAnExplicitStart) {
  write_model("a", "identity");
  write_model("b", "identity");
  ServiceOptions named = options(ControlMode::kExplicit);
  named.load_models = {"b"};
  start(named);
  EXPECT_THAT(index(true), ElementsAre("b:1 READY "));
}

TEST_F(CoreModels, VersionsFollowTheirPolicy) {
  write_model("a", "identity", 0, "version_policy { specific { versions: [1, 3] } }");
  files_.write("a/2/model.py");
  files_.write("a/3/model.py");
  start();
  EXPECT_THAT(index(), ElementsAre("a:1 READY ", "a:3 READY "));
  const auto latest = ask(floats_request("a", {1}));
  ASSERT_TRUE(latest.ok());
  EXPECT_EQ(latest->response.model_version, "3");
}

TEST_F(CoreModels, ReloadingUnderFireDropsNoRequest) {
  write_model("a", "slow", 4, "dynamic_batching {} instance_group { count: 2 kind: KIND_CPU }");
  start(ControlMode::kExplicit);
  ASSERT_TRUE(load("a").ok());
  std::atomic<bool> stop{false};
  std::atomic<int> failed{0};
  std::atomic<int> answered{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&, caller] {
      for (float i = 0; !stop; ++i) {
        const float mine = i * 10 + static_cast<float>(caller);
        const auto answer = ask(floats_request("a", {mine}, {1}));
        if (!answer.ok() || floats_of(answer->response.outputs[0]) != std::vector{mine}) ++failed;
        ++answered;
      }
    });
  for (int reload = 0; reload < 8; ++reload) {
    write_model("a", "slow", 4 + reload, "dynamic_batching {}");
    EXPECT_TRUE(load("a").ok());
  }
  stop = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(failed, 0);
  EXPECT_GT(answered, 8);
  EXPECT_TRUE(eventually([&] { return probe_->loaded == 1; })) << "old versions stay in memory";
}

TEST_F(CoreModels, AReloadThatFailsLeavesTheOldModelServing) {
  write_model("a", "identity");
  start(ControlMode::kExplicit);
  ASSERT_TRUE(load("a").ok());
  write_model("a", "fail_load");
  EXPECT_FALSE(load("a").ok());
  EXPECT_THAT(ask_floats(floats_request("a", {4})), ElementsAre(4));
  files_.write("a/config.pbtxt", "nonsense {");
  EXPECT_THAT(load("a").message(), StartsWith("failed to load 'a', failed to poll from model repository: "));
  EXPECT_TRUE(service_->ready());
}

TEST_F(CoreModels, ANewVersionThatFailsDisturbsNobody) {
  write_model("a", "identity", 0, "version_policy { all {} }");
  start(ControlMode::kExplicit);
  ASSERT_TRUE(load("a").ok());
  files_.write("a/2/model.py", "fail_load");
  files_.write("a/3/model.py", "identity");
  EXPECT_THAT(load("a").message(), HasSubstr("version 2 is at UNAVAILABLE state"));
  EXPECT_THAT(index(),
              ElementsAre("a:1 READY ", "a:2 UNAVAILABLE Internal: RuntimeError: cannot initialise\n",
                          "a:3 UNAVAILABLE unloaded"));
  EXPECT_TRUE(service_->ready());
  EXPECT_THAT(ask_floats(floats_request("a", {4})), ElementsAre(4));
}

TEST_F(CoreModels, UnloadAnswersWhatTheModelHasTaken) {
  write_model("a", "gate");
  probe_->shut();
  start(ControlMode::kExplicit);
  ASSERT_TRUE(load("a").ok());
  const auto runs = send(floats_request("a", {1}));
  const auto waits = send(floats_request("a", {2}));
  EXPECT_TRUE(unload("a").ok());
  EXPECT_THAT(index(), ElementsAre("a:1 UNLOADING "));
  probe_->open();
  EXPECT_TRUE(runs->await_one().ok());
  EXPECT_TRUE(waits->await_one().ok());
  EXPECT_TRUE(eventually([&] { return probe_->loaded == 0; }));
}

TEST_F(CoreModels, AClientsConfigurationTakesThePlaceOfTheModelsOwn) {
  write_model("a", "identity");
  start(ControlMode::kExplicit);
  const std::string config = R"({"backend":"python","max_batch_size":0,
    "input":[{"name":"IN","data_type":"TYPE_FP32","dims":[-1]}],
    "output":[{"name":"OUT","data_type":"TYPE_FP32","dims":[-1]}],
    "parameters":{"addend":{"string_value":"10"}}})";
  ASSERT_TRUE(load("a", {.config = config}).ok());
  EXPECT_THAT(ask_floats(floats_request("a", {1})), ElementsAre(11));
  EXPECT_EQ(load("a", {.config = "{nope"}).message(),
            "failed to load 'a', failed to poll from model repository");
  ASSERT_TRUE(load("a").ok());
  EXPECT_THAT(ask_floats(floats_request("a", {1})), ElementsAre(1));
  const Status sent = load("new", {.config = config, .files = {{"1/model.py", "x"}}});
  EXPECT_TRUE(sent.ok()) << sent.message();
  EXPECT_THAT(ask_floats(floats_request("new", {1})), ElementsAre(11));
  EXPECT_EQ(load("new", {.config = config, .files = {{"../x", "x"}}}).code(), ErrorCode::kInvalidArgument);
}

TEST_F(CoreModels, PollingFollowsTheRepository) {
  write_model("a", "identity");
  ServiceOptions polling = options(ControlMode::kPoll);
  polling.poll_every = std::chrono::seconds(1);
  start(polling);
  write_model("b", "identity");
  write_model("a", "add", 0, "parameters { key: \"addend\" value { string_value: \"5\" } }");
  EXPECT_TRUE(eventually([&] { return service_->model_ready("b", ""); }));
  EXPECT_TRUE(eventually([&] { return ask_floats(floats_request("a", {1})) == std::vector<float>{6}; }));
  std::filesystem::remove_all(files_.root() + "/b");
  EXPECT_TRUE(eventually([&] { return !service_->model_ready("b", ""); }));
}

}  // namespace
}  // namespace ridgeline::serve
