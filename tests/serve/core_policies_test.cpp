#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "base/file.h"
#include "base/json.h"
#include "service_fixture.h"

namespace ridgeline::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CoreCache : public ServiceTest {};

TEST_F(CoreCache, AnEqualRequestIsAnsweredWithoutTheModel) {
  write_model("a", "identity", 0, "response_cache { enable: true }");
  ServiceOptions cached = options();
  cached.cache_bytes = 1 << 20;
  start(cached);
  wire::InferRequest first = floats_request("a", {1, 2});
  first.id = "first";
  ASSERT_TRUE(ask(std::move(first)).ok());
  wire::InferRequest second = floats_request("a", {1, 2});
  second.id = "second";
  const Result<Answer> again = ask(std::move(second));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->response.id, "second");
  EXPECT_THAT(floats_of(again->response.outputs[0]), ElementsAre(1, 2));
  EXPECT_THAT(ask_floats(floats_request("a", {1, 3})), ElementsAre(1, 3));
  EXPECT_EQ(probe_->executed, 2);
  const ModelCounts counts = service_->statistics("a", "")->front().counts;
  EXPECT_EQ(counts.cache_hit.count, 1u);
  EXPECT_EQ(counts.cache_miss.count, 2u);
  EXPECT_EQ(counts.success.count, 3u);
  EXPECT_EQ(counts.inference_count, 2u);
  EXPECT_EQ(counts.execution_count, 2u);
}

TEST_F(CoreCache, AModelThatDoesNotAskForItAlwaysRuns) {
  write_model("a", "identity");
  ServiceOptions cached = options();
  cached.cache_bytes = 1 << 20;
  start(cached);
  for (int i = 0; i < 3; ++i) EXPECT_THAT(ask_floats(floats_request("a", {1})), ElementsAre(1));
  EXPECT_EQ(probe_->executed, 3);
}

class CoreWarmup : public ServiceTest {};

TEST_F(CoreWarmup, RunsOnEveryInstanceBeforeAnybodyIsServed) {
  write_model("a", "identity", 8,
              "instance_group { count: 2 kind: KIND_CPU }\n"
              "model_warmup { name: \"w\" batch_size: 3 count: 2 inputs { key: \"IN\" value { data_type: "
              "TYPE_FP32 dims: [ 4 ] random_data: true } } }");
  start();
  EXPECT_THAT(probe_->batch_rows, ElementsAre(3, 3, 3, 3));
  EXPECT_EQ(service_->statistics("a", "")->front().counts.execution_count, 0u);
}

TEST_F(CoreWarmup, AModelThatFailsItIsNotServed) {
  write_model("a", "fail", 0,
              "model_warmup { name: \"first\" inputs { key: \"IN\" value { data_type: TYPE_FP32 dims: [ 4 ] "
              "zero_data: true } } }");
  const auto started = start_service(options(), test_backends(probe_));
  ASSERT_FALSE(started.ok());
  EXPECT_THAT(started.status().message(), HasSubstr("model_warmup 'first': busy"));
}

class CoreRateLimit : public ServiceTest {};

TEST_F(CoreRateLimit, InstancesThatNeedOneResourceTakeTurns) {
  const std::string group =
      "instance_group { count: 3 kind: KIND_CPU rate_limiter { resources { name: \"R\" global: true count: 1 "
      "} } }";
  write_model("a", "slow", 0, group);
  ServiceOptions limited = options();
  limited.rate_limited = true;
  limited.resources = {{.name = "R", .count = 1}};
  start(limited);
  std::atomic<bool> over{false};
  std::thread watcher([&] {
    while (!over) {
      EXPECT_LE(probe_->executing, 1);
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  });
  std::vector<std::shared_ptr<KeptAnswers>> clients;
  for (int i = 0; i < 30; ++i) clients.push_back(send(floats_request("a", {1})));
  for (const auto& client : clients) EXPECT_TRUE(client->await_one().ok());
  over = true;
  watcher.join();
}

class CoreSequence : public ServiceTest {
 protected:
  static wire::InferRequest part(uint64_t sequence, float value, bool begins, bool ends) {
    wire::InferRequest request = floats_request("s", {value}, {1});
    request.sequence = {.id = sequence, .start = begins, .end = ends};
    return request;
  }
};

TEST_F(CoreSequence, TheModelIsShownStartEndReadyAndTheId) {
  const auto control = [](const std::string& name, const std::string& kind) {
    return fmt::format(
        "  control_input {{ name: \"{}\" control {{ kind: CONTROL_SEQUENCE_{} fp32_false_true: [ 0, 1 ] }} "
        "}}\n",
        name, kind);
  };
  write_model(
      "s", "show_inputs", 4,
      "sequence_batching {\n" + control("START", "START") + control("END", "END") +
          control("READY", "READY") +
          "  control_input { name: \"ID\" control { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_UINT64 "
          "} }\n}");
  start();
  const auto controls = [&](wire::InferRequest request) {
    const Result<Answer> answer = ask(std::move(request));
    EXPECT_TRUE(answer.ok()) << answer.status().message();
    return answer.ok() ? floats_of(answer->response.outputs[0]) : std::vector<float>{};
  };
  EXPECT_THAT(controls(part(42, 7, true, false)), ElementsAre(7, 1, 0, 1, 42));
  EXPECT_THAT(controls(part(42, 8, false, false)), ElementsAre(8, 0, 0, 1, 42));
  EXPECT_THAT(controls(part(42, 9, false, true)), ElementsAre(9, 0, 1, 1, 42));
  EXPECT_THAT(ask(part(42, 9, false, false)).status().message(), HasSubstr("must specify the START flag"));
}

TEST_F(CoreSequence, StatesComeBackAndBeginAnewWithEachSequence) {
  write_model("s", "accumulate", 4,
              "sequence_batching { oldest { max_candidate_sequences: 4 }\n"
              "  state { input_name: \"SUM_IN\" output_name: \"SUM_OUT\" data_type: TYPE_FP32 dims: [ 1 ]\n"
              "    initial_state { name: \"zero\" data_type: TYPE_FP32 dims: [ 1 ] zero_data: true } } }");
  start();
  for (const uint64_t sequence : {1, 2}) {
    const Result<Answer> first = ask(part(sequence, 5, true, false));
    ASSERT_TRUE(first.ok()) << first.status().message();
    EXPECT_EQ(first->response.outputs.size(), 1u) << "states are not for clients";
    EXPECT_THAT(floats_of(first->response.outputs[0]), ElementsAre(5));
    EXPECT_THAT(ask_floats(part(sequence, 6, false, false)), ElementsAre(11));
    EXPECT_THAT(ask_floats(part(sequence, 7, false, true)), ElementsAre(18));
  }
}

TEST_F(CoreSequence, SequencesOfManyClientsDoNotMix) {
  write_model(
      "s", "accumulate", 2,
      "instance_group { count: 2 kind: KIND_CPU }\n"
      "sequence_batching { direct {}\n"
      "  state { input_name: \"SUM_IN\" output_name: \"SUM_OUT\" data_type: TYPE_FP32 dims: [ 1 ] } }");
  start();
  std::atomic<int> wrong{0};
  std::vector<std::thread> clients;
  for (uint64_t client = 1; client <= 6; ++client)  // more than there are slots
    clients.emplace_back([&, client] {
      for (int round = 0; round < 5; ++round) {
        float sum = 0;
        for (int i = 0; i < 6; ++i) {
          const auto value = static_cast<float>(client * 10 + static_cast<uint64_t>(i));
          sum += value;
          if (ask_floats(part(client, value, i == 0, i == 5)) != std::vector<float>{sum}) ++wrong;
        }
      }
    });
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(wrong, 0);
}

class CoreTrace : public ServiceTest {};

TEST_F(CoreTrace, EveryNthRequestIsWrittenUntilTheCountIsReached) {
  write_model("a", "identity");
  const std::string file = files_.root() + "/../trace.json";
  ServiceOptions traced = options();
  traced.trace = {.timestamps = true, .rate = 2, .count = 2, .file = file};
  start(traced);
  for (int i = 0; i < 9; ++i) {
    wire::InferRequest request = floats_request("a", {1});
    request.id = std::to_string(i);
    ASSERT_TRUE(ask(std::move(request)).ok());
  }
  ASSERT_TRUE(service_->drain(std::chrono::seconds(10)));
  const Result<Json> document = read_json(file);
  ASSERT_TRUE(document.ok()) << document.status().message();
  std::set<std::string> ids;
  for (const Json& event : (*document)["traceEvents"]) ids.insert(event["args"]["request_id"]);
  EXPECT_THAT(ids, ElementsAre("1", "3"));
}

TEST_F(CoreTrace, AModelsSettingsAreItsOwn) {
  write_model("a", "identity");
  start();
  const auto faster = [](const wire::http::TraceSettings&, wire::http::TraceSettings& settings) {
    settings.rate = 7;
    return Status();
  };
  ASSERT_TRUE(service_->change_trace_settings("a", faster).ok());
  EXPECT_EQ(service_->trace_settings("a")->rate, 7u);
  EXPECT_EQ(service_->trace_settings("")->rate, 1000u);
  EXPECT_EQ(service_->trace_settings("nosuch").status().code(), ErrorCode::kNotFound);
  const auto refused = [](const wire::http::TraceSettings&, wire::http::TraceSettings& settings) {
    settings.rate = 9;
    return invalid_argument("no");
  };
  EXPECT_FALSE(service_->change_trace_settings("a", refused).ok());
  EXPECT_EQ(service_->trace_settings("a")->rate, 7u);
}

}  // namespace
}  // namespace ridgeline::serve
