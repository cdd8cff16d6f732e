#include "serve/observe/otlp_exporter.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "base/file.h"
#include "base/json.h"
#include "support/temporary_folder.h"

namespace ridgeline::serve {
namespace {

namespace http = boost::beast::http;
using Tcp = boost::asio::ip::tcp;
using testing::HasSubstr;

/// Takes one post and answers it.
class Collector {
 public:
  explicit Collector(http::status answer) : acceptor_(io_, Tcp::endpoint(Tcp::v4(), 0)) {
    thread_ = std::thread([this, answer] {
      Tcp::socket socket = acceptor_.accept();
      boost::beast::flat_buffer buffer;
      http::read(socket, buffer, request_);
      http::response<http::string_body> response(answer, 11);
      response.prepare_payload();
      http::write(socket, response);
    });
  }
  std::string url() const {
    return fmt::format("http://localhost:{}/v1/traces", acceptor_.local_endpoint().port());
  }
  const http::request<http::string_body>& await() {
    thread_.join();
    return request_;
  }

 private:
  boost::asio::io_context io_;
  Tcp::acceptor acceptor_;
  http::request<http::string_body> request_;
  std::thread thread_;
};

RequestTrace some_trace() {
  RequestTrace trace{.model = "resnet", .version = "1", .request_id = "r1"};
  trace.trace_id.front() = 1;
  trace.span_id.front() = 1;
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
  const auto& request = collector.await();
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
