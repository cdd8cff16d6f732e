#include "serve/observe/trace_context.h"

#include <gmock/gmock.h>
#include <set>

#include "base/json.h"
#include "collector.h"
#include "grpc_harness.h"
#include "raw_client.h"
#include "serve/http/endpoints/endpoints.h"
#include "serve/http/server.h"
#include "service_fixture.h"

namespace ridgeline::serve {
namespace {

constexpr char kTrace[] = "0af7651916cd43dd8448eb211c80319c";
constexpr char kSpan[] = "b7ad6b7169203331";
constexpr char kSampled[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
constexpr char kUnsampled[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

TEST(TraceContext, IsReadFromAHeader) {
  const auto context = parse_traceparent(kSampled);
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(context->trace_id.front(), 0x0a);
  EXPECT_EQ(context->trace_id.back(), 0x9c);
  EXPECT_EQ(context->span_id, (SpanId{0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31}));
  EXPECT_TRUE(context->sampled);
  EXPECT_FALSE(parse_traceparent(kUnsampled)->sampled);
  const std::string ids = fmt::format("-{}-{}-", kTrace, kSpan);
  for (const char* flags : {"03", "ff"}) EXPECT_EQ(parse_traceparent("00" + ids + flags), context) << flags;
  for (const char* rest : {"01", "01-", "01-what comes later"})  // of versions that are not known yet
    EXPECT_EQ(parse_traceparent("cc" + ids + rest), context) << rest;
}

TEST(TraceContext, IsIgnoredWhereTheRecommendationHasItIgnored) {
  const std::string trace = kTrace;
  const std::string span = kSpan;
  for (const std::string& bad : std::vector<std::string>{
           "", "00", "00-" + trace + "-" + span + "-0", "00-" + trace + "-" + span + "-01-",
           "00-" + trace + "-" + span + "-01-more", "00-" + trace + "-" + span + "-0x",
           "00-" + trace + "-" + span + "-.1", "00-" + trace + "-" + span + "_01",
           "00-" + trace + "_" + span + "-01", "00_" + trace + "-" + span + "-01",
           "ff-" + trace + "-" + span + "-01", "cc-" + trace + "-" + span + "-01.later",
           "0-" + trace + "-" + span + "-001", "00-" + std::string(32, '0') + "-" + span + "-01",
           "00-" + trace + "-" + std::string(16, '0') + "-01",
           "00-0AF7651916CD43DD8448EB211C80319C-" + span + "-01",
           "00-" + trace.substr(1) + "-" + span + "-011", " 00-" + trace + "-" + span + "-01"})
    EXPECT_FALSE(parse_traceparent(bad).has_value()) << bad;
}

/// A server that sends its traces to a collector.
class TracedServer : public ServiceTest {
 protected:
  void start_traced(uint32_t rate) {
    ServiceOptions traced = options();
    traced.trace = {.timestamps = true, .rate = rate, .mode = "opentelemetry"};
    traced.trace_url = collector_.url();
    start(std::move(traced));
  }

  /// What the server has sent, when it has ended.
  std::vector<Json> spans() {
    service_.reset();
    std::vector<Json> spans;
    for (const Collector::Post& post : collector_.await()) {
      const Json document = Json::parse(post.body());
      for (const Json& span : document["resourceSpans"][0]["scopeSpans"][0]["spans"]) spans.push_back(span);
    }
    return spans;
  }
  std::vector<Json> requests() {
    std::vector<Json> found = spans();
    std::erase_if(found, [](const Json& span) { return span["name"] != "InferRequest"; });
    return found;
  }

  void ask_in(const std::string& model, const std::optional<TraceContext>& trace) {
    const auto client = std::make_shared<KeptAnswers>();
    const auto found = service_->find(model, "");
    ASSERT_TRUE(found.ok()) << found.status().message();
    (*found)->infer({.request = floats_request(model, {1}),
                     .client = client,
                     .received = std::chrono::steady_clock::now(),
                     .trace = trace});
    EXPECT_TRUE(client->await_one().ok());
  }

  Collector collector_;
};

TEST_F(TracedServer, PutsARequestIntoTheTraceThatItIsPartOf) {
  write_model("echo", "echo");
  start_traced(0);  // none but those
  ask_in("echo", parse_traceparent(kSampled));
  ask_in("echo", parse_traceparent(kUnsampled));
  ask_in("echo", std::nullopt);
  const std::vector<Json> sent = spans();
  ASSERT_EQ(sent.size(), 6u);
  for (const Json& span : sent) {
    EXPECT_EQ(span["traceId"], kTrace);
    EXPECT_EQ(span["flags"], 1);
    EXPECT_EQ(span["parentSpanId"], span["name"] == "InferRequest" ? Json(kSpan) : sent[0]["spanId"]);
  }
  EXPECT_EQ(sent[0]["name"], "InferRequest");
  EXPECT_NE(sent[0]["spanId"], kSpan);
}

TEST_F(TracedServer, PicksByRateAmongThoseThatNobodyElseKeeps) {
  write_model("echo", "echo");
  start_traced(2);
  for (int i = 0; i < 4; ++i) ask_in("echo", parse_traceparent(kUnsampled));
  for (int i = 0; i < 4; ++i) ask_in("echo", std::nullopt);
  ask_in("echo", parse_traceparent(kSampled));
  const std::vector<Json> sent = requests();
  ASSERT_EQ(sent.size(), 5u);
  for (size_t i : {0, 1, 4}) EXPECT_EQ(sent[i]["parentSpanId"], kSpan) << i;
  for (size_t i : {2, 3}) EXPECT_FALSE(sent[i].contains("parentSpanId")) << i;
  EXPECT_NE(sent[2]["traceId"], sent[3]["traceId"]);
}

TEST_F(TracedServer, PutsTheStepsOfAnEnsembleBelowIt) {
  write_model("one", "echo");
  files_.make("chain/1");
  files_.write("chain/config.pbtxt",
               "platform: \"ensemble\" input { name: \"IN\" data_type: TYPE_FP32 dims: [ -1 ] }\n"
               "output { name: \"OUT\" data_type: TYPE_FP32 dims: [ -1 ] }\n"
               "ensemble_scheduling { step { model_name: \"one\" model_version: -1\n"
               "  input_map { key: \"IN\" value: \"IN\" } output_map { key: \"OUT\" value: \"OUT\" } } }\n");
  start_traced(0);
  ask_in("chain", parse_traceparent(kSampled));
  const std::vector<Json> sent = requests();
  ASSERT_EQ(sent.size(), 2u);
  const bool step_first = sent[0]["parentSpanId"] != kSpan;
  const Json& chain = sent[step_first ? 1 : 0];
  const Json& step = sent[step_first ? 0 : 1];
  EXPECT_EQ(chain["parentSpanId"], kSpan);
  EXPECT_EQ(step["parentSpanId"], chain["spanId"]);
  EXPECT_EQ(step["traceId"], kTrace);
}

TEST_F(TracedServer, TakesTheHeaderOfAnHttpRequest) {
  write_model("echo", "echo");
  start_traced(0);
  auto server =
      http::Server::start({.address = "127.0.0.1", .port = 0, .threads = 1, .limits = {}, .tls = {}},
                          http::protocol_handler({}, *service_));
  ASSERT_TRUE(server.ok()) << server.status().message();
  RawClient client((*server)->port());
  const auto post = [&](const std::string& path, const std::string& headers, const std::string& body) {
    client.send(fmt::format("POST /v2/models/echo/{} HTTP/1.1\r\nHost: a\r\n{}Content-Length: {}\r\n\r\n{}",
                            path, headers, body.size(), body));
    EXPECT_THAT(client.read_response(), testing::StartsWith("HTTP/1.1 200"));
  };
  const std::string body = R"({"inputs":[{"name":"IN","shape":[1],"datatype":"FP32","data":[1]}]})";
  const std::string header = fmt::format("TraceParent:  {} \r\n", kSampled);
  post("infer", header, body);
  post("infer", header + header, body);  // two are as good as none
  post("infer", "traceparent: 00-what\r\n", body);
  post("generate", header, R"({"IN":[1]})");
  server->reset();
  const std::vector<Json> sent = requests();
  ASSERT_EQ(sent.size(), 2u);
  for (const Json& span : sent) EXPECT_EQ(span["parentSpanId"], kSpan);
}

TEST(GrpcTraceContext, IsTakenFromTheMetadataOfCallsAndStreams) {
  grpc::Harness harness;
  grpc::Shelf shelf;
  harness.service.set_run("identity_py", shelf.run());
  const auto traces_of = [&](const std::vector<std::string>& headers) {
    ::grpc::ClientContext context;
    for (const std::string& header : headers) context.AddMetadata(TraceContext::kHeader, header);
    inference::ModelInferResponse response;
    std::thread asks([&] { harness.stub->ModelInfer(&context, grpc::identity_request(), &response); });
    std::vector<Call> calls = shelf.take(1);
    echo(calls.at(0));
    asks.join();
    return calls.at(0).trace;
  };
  EXPECT_EQ(traces_of({kSampled}), parse_traceparent(kSampled));
  EXPECT_FALSE(traces_of({}).has_value());
  EXPECT_FALSE(traces_of({"00-what"}).has_value());
  EXPECT_FALSE(traces_of({kSampled, kUnsampled}).has_value());
  ::grpc::ClientContext context;
  context.AddMetadata(TraceContext::kHeader, kUnsampled);
  const auto stream = harness.stub->ModelStreamInfer(&context);
  stream->Write(grpc::identity_request());
  std::vector<Call> calls = shelf.take(1);
  EXPECT_EQ(calls.at(0).trace, parse_traceparent(kUnsampled));
  echo(calls.at(0));
  stream->WritesDone();
  inference::ModelStreamInferResponse response;
  while (stream->Read(&response)) continue;
  EXPECT_TRUE(stream->Finish().ok());
}

}  // namespace
}  // namespace ridgeline::serve
