// A server over the recorded models is sent what a real Triton was sent, in the same order, and has to answer
// the same.

#include <cstring>
#include <fcntl.h>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "base/json.h"
#include "recorded_exchange.h"
#include "repository_files.h"
#include "serve/core/start.h"
#include "serve/http/compression.h"
#include "serve/http/endpoints/endpoints.h"
#include "serve/http/server.h"
#include "stand_in_backend.h"

namespace ridgeline::serve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kRecorded = SERVE_TEST_DATA "/recorded/";

/// The recorded clients' region: 0.0 to 15.0, and 64 bytes more. Its key is this process' own.
class Region {
 public:
  Region() {
    const int file = shm_open(key_.c_str(), O_CREAT | O_RDWR, 0600);
    EXPECT_EQ(ftruncate(file, kBytes), 0);
    void* const memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    for (int i = 0; i < 16; ++i) static_cast<float*>(memory)[i] = static_cast<float>(i);
    munmap(memory, kBytes);
    ::close(file);
  }
  ~Region() { shm_unlink(key_.c_str()); }
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  /// The text with this region's key for the recorded one, and the length of the body mended.
  std::string renamed(std::string text) const {
    constexpr std::string_view kOld = "/golden_r0", kLength = "Content-Length: ";
    const size_t at = text.find(kOld);
    if (at == std::string::npos) return text;
    text.replace(at, kOld.size(), key_);
    const size_t length = text.find(kLength);
    if (length == std::string::npos) return text;
    const size_t digits = length + kLength.size();
    const size_t body = text.find("\r\n\r\n") + 4;
    return text.replace(digits, text.find("\r\n", digits) - digits, std::to_string(text.size() - body));
  }

 private:
  static constexpr size_t kBytes = 128;
  std::string key_ = "/ridgeline_test_" + std::to_string(getpid());
};

RepositoryFiles recorded_repository() {
  RepositoryFiles files;
  for (const auto& entry : std::filesystem::directory_iterator(kRecorded + "models")) {
    const std::string name = entry.path().filename();
    files.write(name + "/config.pbtxt", read_file(entry.path() / "config.pbtxt").value());
    if (name != "pipeline") files.write(name + "/1/model.py");
  }
  return files;
}

class RecordedServer : public ::testing::Test {
 protected:
  void SetUp() override { start(true); }

  void start(bool client_shared_memory) {
    Backends backends;
    backends.emplace("python", std::make_unique<StandInBackend>(slow_load_));
    ServiceOptions options{.repositories = {files_.root()}, .mode = ControlMode::kExplicit};
    options.load_models = {"fail_exec",   "identity_b8", "identity_bytes", "identity_multi",
                           "identity_py", "pipeline",    "preprocess",     "resnet_py"};
    options.client_shared_memory = client_shared_memory;
    auto service = start_service(std::move(options), std::move(backends));
    ASSERT_TRUE(service.ok()) << service.status().message();
    service_ = std::move(*service);
    http_ = listen(http::protocol_handler({}, *service_));
    metrics_ = listen(http::observation_handler({}, *service_));
  }

  static std::unique_ptr<http::Server> listen(http::Handler handler) {
    auto server = http::Server::start(
        {.address = "127.0.0.1", .port = 0, .threads = 2, .limits = {}, .tls = {}}, std::move(handler));
    EXPECT_TRUE(server.ok()) << server.status().message();
    return std::move(*server);
  }

  HttpAnswer ask(const std::string& request) const {
    const bool is_of_metrics = request.find("Host: 127.0.0.1:8002") != std::string::npos;
    return exchange(is_of_metrics ? metrics_->port() : http_->port(), region_.renamed(request));
  }

  HttpAnswer post(const std::string& path) const {
    return ask("POST " + path + " HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
  }

  std::shared_ptr<SlowLoad> slow_load_ = std::make_shared<SlowLoad>();
  RepositoryFiles files_ = recorded_repository();
  Region region_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<http::Server> http_;
  std::unique_ptr<http::Server> metrics_;
};

/// Answered otherwise on purpose; see docs/serve.md.
struct Difference {
  int status;
  std::string words;
};
const std::map<std::string, Difference> kDifferences = {
    {"v2", {200, R"({"name":"triton","version":")"}},
    {"http10", {200, R"({"name":"triton","version":")"}},
    {"types_json_FP16", {200, R"("datatype":"FP16")"}},
    {"url_models_noname", {200, R"({"models":["fail_exec","identity_b8")"}},
    {"url_metrics_root_8002", {200, "<!doctype html>"}},
    {"gzip_bad", {400, "not whole gzip data"}},
    {"zz_after_shape_overflow", {200, R"({"model_name":"identity_py")"}},
};

/// The same names of members everywhere, and the same values where they are no times.
void expect_same_statistics(const Json& ours, const Json& recorded) {
  const Json& own = ours["model_stats"][0];
  const Json& other = recorded["model_stats"][0];
  for (const auto& [key, value] : other.items()) EXPECT_TRUE(own.contains(key)) << key;
  for (const char* key : {"name", "version", "inference_count", "execution_count"})
    EXPECT_EQ(own[key], other[key]);
  for (const auto& [key, value] : other["inference_stats"].items())
    EXPECT_EQ(own["inference_stats"][key]["count"], value["count"]) << key;
  EXPECT_EQ(own["batch_stats"].size(), other["batch_stats"].size());
}

void expect_same_config(const std::string& ours, const std::string& model) {
  Json own = parse_json(ours, model).value();
  const Json recorded = read_json(kRecorded + model + ".config.json").value();
  if (own.contains("ensemble_scheduling")) own["ensemble_scheduling"].erase("max_inflight_requests");
  EXPECT_EQ(nlohmann::json(own).dump(1), nlohmann::json(recorded).dump(1));
}

std::string model_in(const std::string& request) {
  constexpr std::string_view kModels = "/v2/models/";
  const size_t from = request.find(kModels) + kModels.size();
  return request.substr(from, request.find('/', from) - from);
}

void expect_as_recorded(const HttpAnswer& answer, const RecordedExchange& recorded) {
  EXPECT_EQ(answer.status, recorded.status) << answer.body;
  const bool is_success = recorded.status == 200;
  EXPECT_EQ(answer.value_of("Content-Type"),
            is_success || recorded.response == "" ? recorded.content_type : "application/json");
  if (recorded.header_length) {
    EXPECT_EQ(answer.value_of("Inference-Header-Content-Length"), std::to_string(*recorded.header_length));
  }
  if (recorded.name == "stats_identity_b8")
    return expect_same_statistics(parse_json(answer.body, "").value(),
                                  parse_json(*recorded.response, "").value());
  if (recorded.name.starts_with("config_"))
    return expect_same_config(answer.body, model_in(recorded.request));
  if (recorded.response) {
    EXPECT_EQ(answer.body, *recorded.response);
  }
}

TEST_F(RecordedServer, AnswersEveryRequestAsTritonDid) {
  size_t held = 0;
  std::future<HttpAnswer> slow;
  for (RecordedExchange recorded : recorded_exchanges()) {
    SCOPED_TRACE(recorded.name);
    if (recorded.response) recorded.response = region_.renamed(*recorded.response);
    // Two requests that came between the recorded ones.
    if (recorded.name == "notready_after_unload_ready") {
      EXPECT_EQ(post("/v2/repository/models/identity_bytes/unload").status, 200);
    }
    if (recorded.name == "loading_ready") {
      slow = std::async(std::launch::async, [this] { return post("/v2/repository/models/slow_load/load"); });
      slow_load_->wait_until_begun();
    }
    if (recorded.name == "ctl_load_slow") slow_load_->let_on();
    const HttpAnswer answer = recorded.name == "ctl_load_slow" ? slow.get() : ask(recorded.request);
    const auto difference = kDifferences.find(recorded.name);
    if (difference == kDifferences.end()) {
      expect_as_recorded(answer, recorded);
    } else {
      EXPECT_EQ(answer.status, difference->second.status);
      EXPECT_THAT(answer.body, HasSubstr(difference->second.words));
    }
    ++held;
  }
  EXPECT_EQ(held, 188U);
}

TEST_F(RecordedServer, PacksAnAnswerForAClientThatTakesIt) {
  for (const RecordedExchange& recorded : recorded_exchanges()) {
    if (recorded.name != "accept_gzip") continue;
    const HttpAnswer answer = ask(recorded.request);
    EXPECT_EQ(answer.value_of("Content-Encoding"), "gzip");
    const auto plain = http::unpack(http::Coding::kGzip, std::as_bytes(std::span(answer.body)), 1 << 20);
    ASSERT_TRUE(plain.ok()) << plain.status().message();
    const std::string text(reinterpret_cast<const char*>(plain->bytes.data()), plain->bytes.size());
    EXPECT_EQ(parse_json(text, "").value()["outputs"][0]["shape"].dump(), "[64,16]");
    return;
  }
  FAIL() << "not recorded";
}

TEST_F(RecordedServer, TakesNoSharedMemoryWhereItIsNotAllowed) {
  http_.reset();
  metrics_.reset();
  start(false);
  const std::string body = R"({"key":"/golden_r0","byte_size":128})";
  const HttpAnswer answer =
      ask("POST /v2/systemsharedmemory/region/r0/register HTTP/1.1\r\nContent-Length: " +
          std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_EQ(answer.status, 501);
  EXPECT_THAT(answer.body, HasSubstr("--allow-client-shm true"));
  EXPECT_EQ(ask("GET /v2/systemsharedmemory/status HTTP/1.1\r\n\r\n").body, "[]");
}

TEST_F(RecordedServer, AsksForTheKeyOfARestrictedClass) {
  const std::vector<std::string> rules = {"model-repository,trace:X-Key=secret"};
  http_ = listen(
      http::protocol_handler({.identity = {}, .access = AccessRules::parse(rules).value()}, *service_));
  const std::string index = "POST /v2/repository/index HTTP/1.1\r\nContent-Length: 0\r\n";
  const HttpAnswer refused = ask(index + "\r\n");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.body, R"({"error":"This API is restricted, expecting header 'X-Key'"})");
  EXPECT_EQ(ask(index + "X-Key: secret\r\n\r\n").status, 200);
  EXPECT_EQ(ask("GET /v2/health/live HTTP/1.1\r\n\r\n").status, 200);
}

TEST_F(RecordedServer, LogsEachRequestInALineOfJson) {
  const TemporaryFolder folder;
  const std::string path = folder / "access.log";
  {
    auto server = listen(http::protocol_handler(
        {.identity = {}, .access = {}, .access_log = http::AccessLog::open(path).value()}, *service_));
    exchange(server->port(), "GET /v2/models/identity_py?x=1 HTTP/1.1\r\n\r\n");
    exchange(server->port(), "GET /nothing HTTP/1.1\r\n\r\n");
    EXPECT_TRUE(server->drain(std::chrono::seconds(5)));
  }
  const std::string text = read_file(path).value();
  const std::string first = text.substr(0, text.find('\n'));
  const Json line = parse_json(first, "").value();
  EXPECT_EQ(line["method"], "GET");
  EXPECT_EQ(line["path"], "/v2/models/identity_py?x=1");
  EXPECT_EQ(line["model"], "identity_py");
  EXPECT_EQ(line["status"], 200);
  EXPECT_EQ(line["bytes"], 187);
  EXPECT_GE(line["us"], 0);
  EXPECT_THAT(text.substr(first.size() + 1), HasSubstr(R"("model":"","status":404,"bytes":21)"));
}

TEST_F(RecordedServer, TellsItsStateToTheStatusPage) {
  exchange(http_->port(),
           "POST /v2/models/identity_py/generate HTTP/1.1\r\nContent-Length: 45\r\n\r\n"
           R"({"INPUT0":[1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6]} )");
  const Json status = parse_json(exchange(metrics_->port(), "GET /status HTTP/1.1\r\n\r\n").body, "").value();
  EXPECT_EQ(status["ready"], true);
  EXPECT_EQ(status["bounds_us"].size() + 1, status["models"][0]["latency"].size());
  for (const Json& model : status["models"]) {
    if (model["name"] != "identity_py") continue;
    EXPECT_EQ(model["state"], "READY");
    EXPECT_EQ(model["success"], 1);
    EXPECT_EQ(model["batches"].dump(), R"({"1":1})");
  }
}

/// A model that answers as often as its first value says.
class DecoupledServer : public ::testing::Test {
 protected:
  void SetUp() override {
    files_.write("repeat/config.pbtxt", R"(backend: "python" max_batch_size: 0
      input [ { name: "INPUT0" data_type: TYPE_FP32 dims: [ 1 ] } ]
      output [ { name: "OUTPUT0" data_type: TYPE_FP32 dims: [ 1 ] } ]
      model_transaction_policy { decoupled: true })");
    files_.write("repeat/1/model.py");
    Backends backends;
    backends.emplace("python", std::make_unique<StandInBackend>(nullptr));
    auto service = start_service({.repositories = {files_.root()}}, std::move(backends));
    ASSERT_TRUE(service.ok()) << service.status().message();
    service_ = std::move(*service);
    auto server = http::Server::start({.address = "127.0.0.1", .port = 0, .limits = {}, .tls = {}},
                                      http::protocol_handler({}, *service_));
    ASSERT_TRUE(server.ok()) << server.status().message();
    server_ = std::move(*server);
  }

  HttpAnswer post(const std::string& what, const std::string& body) const {
    return exchange(server_->port(), "POST /v2/models/repeat/" + what + " HTTP/1.1\r\nContent-Length: " +
                                         std::to_string(body.size()) + "\r\n\r\n" + body);
  }

  RepositoryFiles files_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<http::Server> server_;
};

TEST_F(DecoupledServer, SendsEachAnswerAsAnEvent) {
  const HttpAnswer answer = post("generate_stream", R"({"INPUT0":3})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.value_of("Content-Type"), "text/event-stream; charset=utf-8");
  EXPECT_EQ(answer.value_of("Transfer-Encoding"), "chunked");
  const std::string event = R"(data: {"OUTPUT0":3.0,"model_name":"repeat","model_version":"1"})"
                            "\n\n";
  EXPECT_EQ(answer.body, event + event + event);
  EXPECT_EQ(post("generate_stream", R"({"INPUT0":0})").body, "");
}

TEST_F(DecoupledServer, IsAskedForOneAnswerOnly) {
  EXPECT_EQ(post("generate", R"({"INPUT0":1})").status, 200);
  for (const std::string count : {"0", "2"}) {
    const HttpAnswer answer = post("generate", R"({"INPUT0":)" + count + "}");
    EXPECT_EQ(answer.status, 500);
    EXPECT_THAT(answer.body, HasSubstr("generate expects model to produce exactly 1 response"));
  }
  const HttpAnswer infer =
      post("infer", R"({"inputs":[{"name":"INPUT0","shape":[1],"datatype":"FP32","data":[1]}]})");
  EXPECT_EQ(infer.status, 501);
  EXPECT_THAT(infer.body, HasSubstr("decoupled transaction policy"));
}

TEST_F(DecoupledServer, TellsAnErrorBeforeTheFirstEventByItsStatus) {
  EXPECT_EQ(post("generate_stream", R"({"INPUT0":[1,2]})").status, 400);
  EXPECT_THAT(post("generate_stream", "{").value_of("Content-Type"), Not(HasSubstr("event-stream")));
}

}  // namespace
}  // namespace ridgeline::serve
