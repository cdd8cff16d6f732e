#include "serve/observe/trace.h"

#include <gtest/gtest.h>
#include <set>

namespace ridgeline::serve {
namespace {

TimePoint at_us(int64_t us) { return TimePoint(std::chrono::microseconds(us)); }

RequestTrace trace(std::string request_id, uint8_t span) {
  RequestTrace made;
  made.model = "resnet18";
  made.version = "2";
  made.request_id = std::move(request_id);
  made.batch_rows = 4;
  made.ids.trace = {0xab, 0, 1};
  made.ids.span = {span, 0xff};
  made.thread = 3;
  made.moments = {at_us(100), at_us(110),  at_us(150),  at_us(650),
                  at_us(700), at_us(1700), at_us(1720), at_us(1800)};
  return made;
}

const WallClock kClock{at_us(100), 1'700'000'000'000'000'000};

TEST(Trace, ChromeShowsARequestAndItsPartsEndToEnd) {
  const RequestTrace traces[] = {trace("r-1", 1)};
  const Json document = chrome_trace_json(traces, kClock);
  ASSERT_EQ(document["traceEvents"].size(), 6U);
  EXPECT_EQ(document["traceEvents"][0].dump(),
            R"({"name":"InferRequest","cat":"inference","ph":"X","ts":1.7e+15,"dur":1700.0,"pid":1,"tid":3,)"
            R"("args":{"request_id":"r-1","model":"resnet18","version":"2","rows":1,"batch_rows":4}})");
  const std::pair<const char*, double> parts[] = {{"queue", 40},
                                                  {"batch_wait", 500},
                                                  {"compute_input", 50},
                                                  {"compute_infer", 1000},
                                                  {"compute_output", 20}};
  for (size_t i = 0; i < 5; ++i) {
    const Json& event = document["traceEvents"][i + 1];
    EXPECT_EQ(event["name"], parts[i].first);
    EXPECT_EQ(event["dur"], parts[i].second);
    EXPECT_EQ(event["args"]["request_id"], "r-1");
    if (i > 0) {
      const Json& before = document["traceEvents"][i];
      EXPECT_EQ(event["ts"].get<double>(), before["ts"].get<double>() + before["dur"].get<double>());
    }
  }
}

TEST(Trace, OtlpBodiesNameTheRequestInEverySpan) {
  const RequestTrace traces[] = {trace("r-1", 1)};
  const Json body = otlp_trace_json(traces, kClock, "triton-inference-server");
  const Json& resource = body["resourceSpans"][0];
  EXPECT_EQ(resource["resource"].dump(),
            R"({"attributes":[{"key":"service.name","value":{"stringValue":"triton-inference-server"}}]})");
  EXPECT_EQ(resource["scopeSpans"][0]["scope"]["name"], "ridgeline");
  const Json& spans = resource["scopeSpans"][0]["spans"];
  ASSERT_EQ(spans.size(), 6U);
  EXPECT_EQ(
      spans[0].dump(),
      R"({"traceId":"ab000100000000000000000000000000","flags":1,"name":"InferRequest",)"
      R"("startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000000001700000",)"
      R"("attributes":[{"key":"triton.model_name","value":{"stringValue":"resnet18"}},)"
      R"({"key":"triton.model_version","value":{"stringValue":"2"}},)"
      R"({"key":"triton.request_id","value":{"stringValue":"r-1"}},)"
      R"({"key":"ridgeline.rows","value":{"intValue":"1"}},{"key":"ridgeline.batch_rows","value":{"intValue":"4"}}],)"
      R"("spanId":"01ff000000000000","kind":2})");
  for (size_t i = 1; i < spans.size(); ++i) {
    EXPECT_EQ(spans[i]["traceId"], spans[0]["traceId"]);
    EXPECT_EQ(spans[i]["parentSpanId"], spans[0]["spanId"]);
    EXPECT_EQ(spans[i]["attributes"], spans[0]["attributes"]);
  }
}

TEST(Trace, OtlpTellsTheClientsSpanAndTheFailure) {
  RequestTrace failed = trace("", 1);
  failed.ids.parent = {0, 0, 0, 0, 0, 0, 0, 9};
  failed.error = "plain error";
  const Json body = otlp_trace_json({&failed, 1}, kClock, "s");
  const Json& request = body["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
  EXPECT_EQ(request["parentSpanId"], "0000000000000009");
  EXPECT_EQ(request["status"].dump(), R"({"code":2,"message":"plain error"})");
  EXPECT_EQ(request["attributes"].dump().find("request_id"), std::string::npos) << "there is none";
  const Json document = chrome_trace_json({&failed, 1}, kClock);
  EXPECT_EQ(document["traceEvents"][0]["args"]["error"], "plain error");
}

TEST(Trace, AllSpanIdsDiffer) {
  std::vector<RequestTrace> traces;
  for (int i = 0; i < 200; ++i) traces.push_back(trace("", static_cast<uint8_t>(i + 1)));
  const Json body = otlp_trace_json(traces, kClock, "s");
  std::set<std::string> ids;
  for (const Json& span : body["resourceSpans"][0]["scopeSpans"][0]["spans"]) ids.insert(span["spanId"]);
  EXPECT_EQ(ids.size(), 200U * 6);
}

}  // namespace
}  // namespace ridgeline::serve
