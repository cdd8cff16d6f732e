#include "serve/observe/otlp_exporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "collector.h"
#include "support/temporary_folder.h"

namespace ridgeline::serve {
namespace {

namespace http = boost::beast::http;
using testing::HasSubstr;

RequestTrace some_trace() {
  RequestTrace trace{.model = "resnet", .version = "1", .request_id = "r1"};
  trace.ids.trace.front() = 1;
  trace.ids.span.front() = 1;
  return trace;
}

class Exporter : public testing::Test {
 protected:
  Exporter() { EXPECT_TRUE(log_->change({.file = folder_ / "log"}).ok()); }
  std::string log_text() const { return *read_file(folder_ / "log"); }

  TemporaryFolder folder_;
  std::shared_ptr<Log> log_ = std::make_shared<Log>();
};

TEST_F(Exporter, PostsWhatIsLeftBeforeItEnds) {
  Collector collector(http::status::ok);
  auto exporter = OtlpExporter::make(collector.url(), log_);
  ASSERT_TRUE(exporter.ok()) << exporter.status().message();
  (*exporter)->add(some_trace());
  exporter->reset();
  const auto posts = collector.await();
  ASSERT_EQ(posts.size(), 1u);
  const auto& request = posts.front();
  EXPECT_EQ(request.method(), http::verb::post);
  EXPECT_EQ(request.target(), "/v1/traces");
  EXPECT_EQ(request[http::field::content_type], "application/json");
  const Json document = Json::parse(request.body());
  EXPECT_TRUE(document.contains("resourceSpans"));
  EXPECT_EQ(log_text(), "");
}

TEST_F(Exporter, SaysThatTracesAreLost) {
  Collector collector(http::status::service_unavailable);
  auto exporter = OtlpExporter::make(collector.url(), log_);
  ASSERT_TRUE(exporter.ok());
  (*exporter)->add(some_trace());
  exporter->reset();
  collector.await();
  EXPECT_THAT(log_text(), HasSubstr("1 traces are lost"));
  EXPECT_THAT(log_text(), HasSubstr("answers 503"));
}

TEST_F(Exporter, NobodyWaitsForACollectorThatIsNotThere) {
  auto exporter = OtlpExporter::make("http://localhost:1/v1/traces", log_);
  ASSERT_TRUE(exporter.ok());
  (*exporter)->add(some_trace());
  exporter->reset();
  EXPECT_THAT(log_text(), HasSubstr("cannot be connected to"));
}

TEST_F(Exporter, RefusesWhatIsNoUrl) {
  for (const char* url : {"", "localhost:4318", "https://localhost", "http://", "http://host:port/"})
    EXPECT_EQ(OtlpExporter::make(url, log_).status().code(), ErrorCode::kInvalidArgument) << url;
  EXPECT_TRUE(OtlpExporter::make("http://collector", log_).ok());
}

}  // namespace
}  // namespace ridgeline::serve
