#include "serve/observe/otlp_exporter.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <utility>

namespace ridgeline::serve {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using Tcp = boost::asio::ip::tcp;

constexpr std::chrono::seconds kBetweenPosts{1};
constexpr std::chrono::seconds kPatience{5};  // of one post
constexpr size_t kMostWaiting = 10'000;
constexpr size_t kWorthAPost = 512;
constexpr std::string_view kScheme = "http://";
constexpr char kServiceName[] = "ridgeline";

Status failed(std::string_view what, const beast::error_code& error) {
  return unavailable("{}: {}", what, error.message());
}

}  // namespace

Result<std::unique_ptr<OtlpExporter>> OtlpExporter::make(const std::string& url, std::shared_ptr<Log> log) {
  if (!url.starts_with(kScheme))
    return invalid_argument("'{}' is no place to send traces to: it is http://HOST[:PORT][/PATH]", url);
  const std::string rest = url.substr(kScheme.size());
  const size_t slash = rest.find('/');
  const std::string authority = rest.substr(0, slash);
  const size_t colon = authority.rfind(':');
  Target target{.host = authority.substr(0, colon),
                .port = colon == std::string::npos ? "4318" : authority.substr(colon + 1),
                .path = slash == std::string::npos ? "/v1/traces" : rest.substr(slash)};
  if (target.host.empty() || target.port.find_first_not_of("0123456789") != std::string::npos)
    return invalid_argument("'{}' is no place to send traces to: it is http://HOST[:PORT][/PATH]", url);
  return std::make_unique<OtlpExporter>(std::move(target), std::move(log));
}

OtlpExporter::OtlpExporter(Target target, std::shared_ptr<Log> log)
    : target_(std::move(target)),
      log_(std::move(log)),
      clock_(wall_clock_now()),
      thread_([this] { run(); }) {}

OtlpExporter::~OtlpExporter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void OtlpExporter::add(RequestTrace trace) {
  const std::lock_guard lock(mutex_);
  if (traces_.size() >= kMostWaiting) {
    ++dropped_;
    return;
  }
  traces_.push_back(std::move(trace));
  if (traces_.size() == kWorthAPost) changed_.notify_one();
}

void OtlpExporter::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait_for(lock, kBetweenPosts, [this] { return stopping_ || traces_.size() >= kWorthAPost; });
    const std::vector<RequestTrace> traces = std::exchange(traces_, {});
    const uint64_t dropped = std::exchange(dropped_, 0);
    const bool last = stopping_;
    lock.unlock();
    if (dropped > 0) log_->warning("{} traces were dropped: the collector is too slow", dropped);
    if (!traces.empty())
      if (const Status posted = post(otlp_trace_json(traces, clock_, kServiceName).dump()); !posted.ok())
        log_->warning("{} traces are lost: http://{}:{}{}: {}", traces.size(), target_.host, target_.port,
                      target_.path, posted.message());
    if (last) return;
    lock.lock();
  }
}

Status OtlpExporter::post(const std::string& body) const {
  boost::asio::io_context io;
  beast::tcp_stream stream(io);
  beast::error_code error;
  Tcp::resolver resolver(io);
  const auto endpoints = resolver.resolve(target_.host, target_.port, error);
  if (error) return failed("cannot be resolved", error);
  // Beast's timeouts are of asynchronous calls alone.
  const auto finish = [&] {
    io.restart();
    io.run();
  };
  const auto keep_error = [&error](const beast::error_code& told, const auto&) { error = told; };
  stream.expires_after(kPatience);
  stream.async_connect(endpoints, keep_error);
  finish();
  if (error) return failed("cannot be connected to", error);
  http::request<http::string_body> request(http::verb::post, target_.path, 11);
  request.set(http::field::host, target_.host);
  request.set(http::field::content_type, "application/json");
  request.body() = body;
  request.prepare_payload();
  http::async_write(stream, request, keep_error);
  finish();
  if (error) return failed("takes no traces", error);
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  http::async_read(stream, buffer, response, keep_error);
  finish();
  if (error) return failed("does not answer", error);
  if (http::to_status_class(response.result()) == http::status_class::successful) return {};
  return unavailable("answers {}", response.result_int());
}

}  // namespace ridgeline::serve
