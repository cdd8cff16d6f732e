// What the HTTP server promises, seen through bare sockets.

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <thread>

#include "few_descriptors.h"
#include "raw_client.h"
#include "self_signed.h"
#include "serve/http/server.h"
#include "support/temporary_folder.h"

namespace ridgeline::serve::http {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// "METHOD target body".
void echo(const std::shared_ptr<const Request>& request, const Reply& reply) {
  Response response;
  response.content_type = "text/plain";
  response.head = std::string(request->method()) + " " + std::string(request->target()) + " ";
  response.parts = {request->body()};
  response.keep_alive = request;
  reply(std::move(response));
}

std::unique_ptr<Server> serve(const Handler& handler, const Limits& limits = {}, int threads = 1) {
  auto server = Server::start(
      {.address = "127.0.0.1", .port = 0, .threads = threads, .limits = limits, .tls = {}}, handler);
  EXPECT_TRUE(server.ok()) << server.status().message();
  return server.ok() ? std::move(*server) : nullptr;
}

/// Keeps the replies of requests that are not answered yet.
class Shelf {
 public:
  Handler handler() {
    return [this](std::shared_ptr<const Request> request, Reply reply) {
      const std::scoped_lock lock(mutex_);
      request_ = std::move(request);
      reply_ = std::move(reply);
      ++count_;
    };
  }
  void wait_for(int count) {
    while (true) {
      {
        const std::scoped_lock lock(mutex_);
        if (count_ >= count) return;
      }
      std::this_thread::sleep_for(1ms);
    }
  }
  Reply take() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(reply_, {});
  }
  std::shared_ptr<const Request> request() {
    const std::scoped_lock lock(mutex_);
    return request_;
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<const Request> request_;
  Reply reply_;
  int count_ = 0;
};

TEST(HttpServer, AnswersOneRequestAfterAnotherOnOneConnection) {
  const auto server = serve(echo, {}, 2);
  RawClient client(server->port());
  for (int i = 0; i < 3; ++i) {
    client.send("POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi");
    EXPECT_EQ(client.read_response(),
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nPOST /a?b hi");
  }
}

TEST(HttpServer, AnswersPipelinedRequestsInTheirOrder) {
  const auto server = serve(echo);
  RawClient client(server->port());
  std::string requests;
  for (int i = 0; i < 20; ++i) requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  client.send(requests);
  for (int i = 0; i < 20; ++i)
    EXPECT_THAT(client.read_response(), EndsWith("GET /" + std::to_string(i) + " "));
}

TEST(HttpServer, ReadsChunkedBodies) {
  const auto server = serve(echo);
  RawClient client(server->port());
  client.send(
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_THAT(client.read_response(), EndsWith("POST / abcde"));
}

TEST(HttpServer, ReadsLargeBodiesWhole) {
  const auto server = serve(echo);
  RawClient client(server->port());
  std::string body(size_t{9} << 20, '.');
  for (size_t i = 0; i < body.size(); i += 997) body[i] = static_cast<char>('a' + i % 26);
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
  std::thread sender([&] { client.send(body); });
  const std::string answer = client.read_response();
  sender.join();
  EXPECT_TRUE(answer.ends_with(body));
}

TEST(HttpServer, KeepsWhatIsPipelinedBehindALargeBody) {
  const auto server = serve(echo);
  RawClient client(server->port());
  const std::string body(150'000, '.');
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
              body + "GET /next HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(client.read_response().ends_with(body));
  EXPECT_THAT(client.read_response(), EndsWith("GET /next "));
}

TEST(HttpServer, AsksForTheBodyOfAClientThatExpectsContinue) {
  const auto server = serve(echo);
  RawClient client(server->port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hi");
  EXPECT_THAT(client.read_response(), EndsWith("POST / hi"));
}

TEST(HttpServer, ClosesAfterAnHttp10RequestAndOnDemand) {
  const auto server = serve(echo);
  for (const std::string request :
       {"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n"}) {
    RawClient client(server->port());
    client.send(request);
    EXPECT_THAT(client.read_response(), HasSubstr("Connection: close\r\n"));
    EXPECT_TRUE(client.is_at_end());
  }
}

TEST(HttpServer, SendsNoBodyToHead) {
  const auto server = serve(echo);
  RawClient client(server->port());
  client.send("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("Content-Length: 7\r\n"));
  EXPECT_TRUE(client.is_at_end());
}

struct Refusal {
  std::string request;
  std::string status;
  std::string reason;
};

class HttpServerRefuses : public ::testing::TestWithParam<Refusal> {};

TEST_P(HttpServerRefuses, WithAReasonAndCloses) {
  const auto server = serve(echo, {.header_bytes = 1024, .body_bytes = 1000});
  RawClient client(server->port());
  client.send(GetParam().request);
  const std::string answer = client.read_response();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + GetParam().status));
  EXPECT_THAT(answer, HasSubstr(R"({"error":")" + GetParam().reason));
  EXPECT_TRUE(client.is_at_end());
}

INSTANTIATE_TEST_SUITE_P(
    BrokenRequests, HttpServerRefuses,
    ::testing::Values(
        Refusal{"POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n", "413",
                "the request's body is larger than 1000 bytes"},
        Refusal{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x'),
                "413", "the request's body is larger"},
        Refusal{"GET / HTTP/1.1\r\nX: " + std::string(2000, 'x') + "\r\n\r\n", "431",
                "the request's header is larger than 1024 bytes"},
        Refusal{"GARBAGE\r\n\r\n", "400", "malformed HTTP request"},
        Refusal{"GET / HTTP/9.9\r\n\r\n", "400", "malformed HTTP request"},
        Refusal{"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400", "malformed HTTP request"},
        Refusal{"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "400",
                "malformed HTTP request"},
        Refusal{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400",
                "malformed HTTP request"}));

TEST(HttpServer, EndsARequestThatTricklesIn) {
  const auto server = serve(echo, {.stall = 200ms});
  RawClient header(server->port()), body(server->port());
  header.send("GET / HT");
  body.send("POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nx");
  EXPECT_THAT(header.read_response(), StartsWith("HTTP/1.1 408"));
  EXPECT_THAT(body.read_response(), StartsWith("HTTP/1.1 408"));
}

TEST(HttpServer, ClosesAConnectionThatAsksNothing) {
  const auto server = serve(echo, {.idle = 200ms});
  RawClient client(server->port());
  EXPECT_TRUE(client.is_at_end());
}

TEST(HttpServer, TurnsAwayConnectionsPastTheLimit) {
  const auto server = serve(echo, {.connections = 1});
  RawClient first(server->port());
  first.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_THAT(first.read_response(), StartsWith("HTTP/1.1 200"));
  RawClient second(server->port());
  EXPECT_THAT(second.read_response(), StartsWith("HTTP/1.1 503"));
}

TEST(HttpServer, TurnsAwayConnectionsThatWouldTakeTheLastDescriptors) {
  const auto server = serve(echo);
  {
    const FewDescriptors few(256, 20);
    RawClient client(server->port());
    EXPECT_THAT(client.read_response(), StartsWith("HTTP/1.1 503"));
  }
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_THAT(client.read_response(), StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, TakesRepliesFromOtherThreads) {
  Shelf shelf;
  const auto server = serve(shelf.handler());
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\n\r\n");
  shelf.wait_for(1);
  shelf.take()({.status = 201,
                .content_type = "",
                .headers = {{"A", "b"}},
                .head = "late",
                .parts = {},
                .keep_alive = {}});
  EXPECT_EQ(client.read_response(), "HTTP/1.1 201 Created\r\nA: b\r\nContent-Length: 4\r\n\r\nlate");
}

Response piece(std::string text, bool unfinished) {
  Response response;
  response.head = std::move(text);
  response.unfinished = unfinished;
  return response;
}

TEST(HttpServer, SendsABodyAsItIsMadeAndTakesTheNextRequest) {
  Shelf shelf;
  const auto server = serve(shelf.handler());
  RawClient client(server->port());
  for (int i = 1; i <= 2; ++i) {
    client.send("GET / HTTP/1.1\r\n\r\n");
    shelf.wait_for(i);
    const Reply reply = shelf.take();
    reply(piece("one", true));
    EXPECT_EQ(client.read_until("one\r\n"),
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    reply(piece("", true));
    reply(piece("and sixteen more", true));
    reply(piece("", false));
    EXPECT_EQ(client.read_until("0\r\n\r\n"), "10\r\nand sixteen more\r\n0\r\n\r\n");
  }
}

TEST(HttpServer, KeepsTheOrderOfPiecesThatComeFasterThanTheyLeave) {
  Shelf shelf;
  const auto server = serve(shelf.handler());
  RawClient client(server->port());
  client.send("GET / HTTP/1.0\r\n\r\n");
  shelf.wait_for(1);
  const Reply reply = shelf.take();
  std::string sent;
  for (int i = 0; i < 200; ++i) {
    sent += std::string(size_t{10'000}, static_cast<char>('a' + i % 26));
    reply(piece(sent.substr(sent.size() - 10'000), i < 199));
  }
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.read_bytes(sent.size()), sent);
  EXPECT_TRUE(client.is_at_end());
}

TEST(HttpServer, EndsAStreamThatIsDroppedWithoutItsLastChunk) {
  Shelf shelf;
  const auto server = serve(shelf.handler());
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\n\r\n");
  shelf.wait_for(1);
  shelf.take()(piece("one", true));
  EXPECT_EQ(client.read_until("0\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
}

TEST(HttpServer, SaysThatTheReaderOfAStreamHasGone) {
  Shelf shelf;
  const auto server = serve(shelf.handler());
  Reply reply;
  {
    RawClient client(server->port());
    client.send("GET / HTTP/1.1\r\n\r\n");
    shelf.wait_for(1);
    reply = shelf.take();
    reply(piece("one", true));
    client.read_until("one\r\n");
    EXPECT_FALSE(shelf.request()->client_has_gone());
  }
  while (!shelf.request()->client_has_gone()) std::this_thread::sleep_for(1ms);
}

TEST(HttpServer, CompletesAResponseOnTheConnectionsThread) {
  Shelf shelf;
  const auto server = serve(shelf.handler());
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\n\r\n");
  shelf.wait_for(1);
  const std::thread::id here = std::this_thread::get_id();
  Response response;
  response.complete = [here](Response& made) {
    made.head = std::this_thread::get_id() == here ? "here" : "there";
  };
  shelf.take()(std::move(response));
  EXPECT_THAT(client.read_response(), EndsWith("there"));
}

TEST(HttpServer, ClosesWhenAReplyIsDropped) {
  Shelf shelf;
  const auto server = serve(shelf.handler());
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\n\r\n");
  shelf.wait_for(1);
  shelf.take();
  EXPECT_TRUE(client.is_at_end());
}

TEST(HttpServer, IgnoresAReplyThatComesAfterItHasGone) {
  Shelf shelf;
  auto server = serve(shelf.handler());
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\n\r\n");
  shelf.wait_for(1);
  server.reset();
  shelf.take()({});
  EXPECT_TRUE(client.is_at_end());
}

TEST(HttpServer, SaysThatAClientHasGone) {
  Shelf shelf;
  const auto server = serve(shelf.handler());
  {
    RawClient client(server->port());
    client.send("GET / HTTP/1.1\r\n\r\n");
    shelf.wait_for(1);
    EXPECT_FALSE(shelf.request()->client_has_gone());
  }
  while (!shelf.request()->client_has_gone()) std::this_thread::sleep_for(1ms);
}

TEST(HttpServer, DrainAnswersWhatIsAskedAndClosesTheRest) {
  Shelf shelf;
  const auto server = serve(shelf.handler());
  RawClient asking(server->port()), idle(server->port());
  asking.send("GET / HTTP/1.1\r\n\r\n");
  shelf.wait_for(1);
  auto drained = std::async(std::launch::async, [&] { return server->drain(5s); });
  EXPECT_TRUE(idle.is_at_end());
  EXPECT_FALSE(RawClient(server->port()).is_connected());
  shelf.take()(
      {.status = 200, .content_type = "", .headers = {}, .head = "done", .parts = {}, .keep_alive = {}});
  EXPECT_THAT(asking.read_response(), EndsWith("done"));
  EXPECT_TRUE(asking.is_at_end());
  EXPECT_TRUE(drained.get());
}

TEST(HttpServer, DrainAnswersAClientThatAsksOnAndTellsItThatItEnds) {
  const auto server = serve(echo);
  RawClient client(server->port());
  client.send("GET /1 HTTP/1.1\r\n\r\n");
  EXPECT_THAT(client.read_response(), Not(HasSubstr("Connection: close")));
  auto drained = std::async(std::launch::async, [&] { return server->drain(5s); });
  while (RawClient(server->port()).is_connected()) std::this_thread::sleep_for(1ms);
  client.send("GET /2 HTTP/1.1\r\n\r\n");
  EXPECT_THAT(client.read_response(), HasSubstr("Connection: close"));
  EXPECT_TRUE(client.is_at_end());
  EXPECT_TRUE(drained.get());
}

TEST(HttpServer, DrainGivesUpAfterItsGrace) {
  Shelf shelf;
  const auto server = serve(shelf.handler());
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\n\r\n");
  shelf.wait_for(1);
  EXPECT_FALSE(server->drain(50ms));
}

TEST(HttpServer, SaysWhichAddressIsTaken) {
  const auto server = serve(echo);
  const auto second =
      Server::start({.address = "127.0.0.1", .port = server->port(), .limits = {}, .tls = {}}, echo);
  EXPECT_EQ(second.status().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(second.status().message(), HasSubstr("127.0.0.1:" + std::to_string(server->port())));
}

class HttpsServer : public ::testing::Test {
 protected:
  void SetUp() override {
    install(1);
    auto server = Server::start(
        {.address = "127.0.0.1",
         .port = 0,
         .limits = {},
         .tls = {.certificate_chain = folder_ / "cert.pem", .private_key = folder_ / "key.pem"}},
        echo);
    ASSERT_TRUE(server.ok()) << server.status().message();
    server_ = std::move(*server);
  }

  /// With a stamp of its own, however coarse the file system's clock is.
  void install(int number) const {
    write_self_signed("test-" + std::to_string(number), folder_ / "cert.pem", folder_ / "key.pem");
    const auto now = std::filesystem::last_write_time(folder_ / "cert.pem");
    std::filesystem::last_write_time(folder_ / "cert.pem", now + std::chrono::seconds(number));
  }

  /// Whose certificate the server shows, and what it answers.
  std::pair<std::string, std::string> ask() const {
    namespace asio = boost::asio;
    asio::io_context context;
    asio::ssl::context tls(asio::ssl::context::tls_client);
    asio::ssl::stream<asio::ip::tcp::socket> stream(context, tls);
    stream.next_layer().connect({asio::ip::address_v4::loopback(), server_->port()});
    stream.handshake(asio::ssl::stream_base::client);
    asio::write(stream, asio::buffer(std::string_view("GET /tls HTTP/1.1\r\n\r\n")));
    asio::streambuf answer;
    asio::read_until(stream, answer, "GET /tls ");
    X509* const certificate = SSL_get_peer_certificate(stream.native_handle());
    std::array<char, 64> name{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(), name.size());
    X509_free(certificate);
    return {name.data(), {asio::buffers_begin(answer.data()), asio::buffers_end(answer.data())}};
  }

  TemporaryFolder folder_;
  std::unique_ptr<Server> server_;
};

TEST_F(HttpsServer, TakesANewCertificateWhileItServes) {
  const auto [name, answer] = ask();
  EXPECT_EQ(name, "test-1");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK"));
  install(2);
  EXPECT_EQ(ask().first, "test-2");
}

TEST_F(HttpsServer, RefusesFilesThatAreNoKeyPair) {
  const ServerOptions options{
      .address = "127.0.0.1",
      .port = 0,
      .limits = {},
      .tls = {.certificate_chain = folder_ / "cert.pem", .private_key = "/nosuch/key.pem"}};
  const auto server = Server::start(options, echo);
  EXPECT_EQ(server.status().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(server.status().message(), HasSubstr("/nosuch/key.pem"));
}

TEST_F(HttpsServer, DropsAClientThatSpeaksNoTls) {
  RawClient client(server_->port());
  client.send("GET / HTTP/1.1\r\n\r\n");
  client.read_until("\n\n");
  EXPECT_TRUE(client.is_at_end());
}

}  // namespace
}  // namespace ridgeline::serve::http
