#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"
#include "serve/observe/log.h"
#include "serve/observe/trace.h"

namespace ridgeline::serve {

/// Posts traces to an OpenTelemetry collector, as JSON over HTTP (OTLP/HTTP), from a thread of its own.
/// Requests never wait for the collector: what it does not take, and what comes faster than it takes, is
/// dropped and said in the log. Thread-safe.
class OtlpExporter {
 public:
  /// `url`: "http://HOST[:PORT][/PATH]"; port 4318 and path /v1/traces where it names none. kInvalidArgument
  /// for another form.
  static Result<std::unique_ptr<OtlpExporter>> make(const std::string& url, std::shared_ptr<Log> log);

  struct Target {
    std::string host;
    std::string port;
    std::string path;
  };
  OtlpExporter(Target target, std::shared_ptr<Log> log);
  /// Posts what is left, once.
  ~OtlpExporter();
  OtlpExporter(const OtlpExporter&) = delete;
  OtlpExporter& operator=(const OtlpExporter&) = delete;

  void add(RequestTrace trace);

 private:
  void run();
  Status post(const std::string& body) const;

  Target target_;
  std::shared_ptr<Log> log_;
  WallClock clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<RequestTrace> traces_;
  uint64_t dropped_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ridgeline::serve
