#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "serve/core/service.h"
#include "serve/observe/log.h"
#include "serve/observe/otlp_exporter.h"
#include "serve/observe/trace.h"

namespace ridgeline::serve {

/// Picks the requests that are traced and writes them to the settings' file, as Chrome's trace viewer reads
/// it, or sends them to a collector. With a log frequency of N every N traces to FILE.0, FILE.1 …, without
/// one all to FILE, when their count is reached, settings change, or the server ends. Thread-safe; costs one
/// read of a flag while nothing is traced.
class Tracer {
 public:
  /// `exporter`: where traces go in place of files (mode opentelemetry); may be null.
  Tracer(wire::http::TraceSettings settings, std::shared_ptr<Log> log,
         std::unique_ptr<OtlpExporter> exporter);
  ~Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  /// Of a model, or of the server where `model` is empty.
  wire::http::TraceSettings settings(const std::string& model) const;
  Result<wire::http::TraceSettings> change(const std::string& model, const Service::TraceChange& change);

  /// Whether the request that has come to the model is one of those that are traced, and as what. For a
  /// collector, one that is part of a trace that is kept elsewhere always is, apart from rate and count.
  std::optional<SpanIds> pick(const std::string& model, const std::optional<TraceContext>& part_of);
  void add(RequestTrace trace);

 private:
  /// What one set of settings has traced.
  struct Scope {
    wire::http::TraceSettings settings;
    uint64_t seen = 0;
    int64_t picked = 0;
    std::vector<RequestTrace> traces;
    uint64_t files = 0;
    bool full = false;
  };
  static constexpr size_t kMostKept = 100'000;

  static bool counts_in(Scope& scope);
  Scope& scope_of(const std::string& model);
  void look_whether_active();
  void write(Scope& scope, const std::string& path);
  void flush(Scope& scope);

  std::shared_ptr<Log> log_;
  const wire::http::TraceSettings at_start_;
  WallClock clock_;
  std::unique_ptr<OtlpExporter> exporter_;
  Rng ids_;
  std::atomic<bool> active_{false};
  mutable std::mutex mutex_;
  Scope server_;
  std::map<std::string, Scope> models_;  ///< those with settings of their own
};

}  // namespace ridgeline::serve
