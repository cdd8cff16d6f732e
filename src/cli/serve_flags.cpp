#include "cli/serve_flags.h"

#include <algorithm>
#include <charconv>
#include <fmt/ranges.h>
#include <map>

#include "base/text.h"
#include "cli/serve_other_flags.h"

namespace ridgeline::cli {
namespace {

using Texts = std::vector<std::string>;

/// One value for each time that the flag is given.
void add_each(CLI::App& app, const std::string& name, Texts& values, const std::string& help) {
  app.add_option(name, values, help)->allow_extra_args(false);
}

template <typename Number>
Result<Number> number_of(std::string_view text, std::string_view flag) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    return invalid_argument("{}: '{}' is no number that it takes", flag, text);
  return number;
}

/// "name:count" or "name:count:device"; a device "global" is all of them.
Result<serve::ResourceLimit> resource_of(const std::string& text) {
  constexpr std::string_view kFlag = "--rate-limit-resource";
  const std::vector<std::string_view> parts = split(text, ':');
  if (parts.size() < 2 || parts.size() > 3 || parts[0].empty())
    return invalid_argument("{}: write NAME:COUNT or NAME:COUNT:DEVICE, not '{}'", kFlag, text);
  serve::ResourceLimit limit{.name = std::string(parts[0])};
  ASSIGN_OR_RETURN(limit.count, number_of<uint64_t>(parts[1], kFlag));
  if (parts.size() == 3 && parts[2] != "global") {
    ASSIGN_OR_RETURN(limit.device, number_of<int>(parts[2], kFlag));
  }
  return limit;
}

/// "name:input:d,d,…", with more inputs and dims.
Status read_warm(const std::string& text, serve::ServiceOptions& service) {
  constexpr std::string_view kFlag = "--warm";
  const std::vector<std::string_view> parts = split(text, ':');
  if (parts.size() < 3 || parts.size() % 2 == 0)
    return invalid_argument("{}: write MODEL:INPUT:D,D,…, as resnet:input:3,256,256, not '{}'", kFlag, text);
  serve::NamedShapes named;
  for (size_t i = 1; i < parts.size(); i += 2) {
    Shape& shape = named[std::string(parts[i])];
    for (const std::string_view dim : split(parts[i + 1], ',')) {
      ASSIGN_OR_RETURN(const int64_t size, number_of<int64_t>(dim, kFlag));
      if (size < 1) return invalid_argument("{}: {} in '{}' is no size", kFlag, size, text);
      shape.dims().push_back(size);
    }
  }
  service.warm[std::string(parts[0])].push_back(std::move(named));
  return {};
}

/// "local,size=BYTES".
Result<uint64_t> cache_bytes_of(const Texts& settings) {
  constexpr std::string_view kFlag = "--cache-config", kSize = "size=";
  uint64_t bytes = 0;
  for (const std::string& setting : settings) {
    const size_t comma = setting.find(',');
    const std::string_view cache = std::string_view(setting).substr(0, comma);
    if (cache != "local")
      return unsupported("{}: '{}' is no cache that this server has: write local,size=BYTES", kFlag, cache);
    const std::string_view rest =
        comma == std::string::npos ? "" : std::string_view(setting).substr(comma + 1);
    if (!rest.starts_with(kSize))
      return invalid_argument("{}: write local,size=BYTES, not '{}'", kFlag, setting);
    ASSIGN_OR_RETURN(bytes, number_of<uint64_t>(rest.substr(kSize.size()), kFlag));
  }
  return bytes;
}

Status set_trace_level(std::string_view value, wire::http::TraceSettings& trace) {
  if (value == "TIMESTAMPS")
    trace.timestamps = true;
  else if (value == "TENSORS")
    trace.tensors = true;
  else if (value != "OFF")
    return invalid_argument("--trace-config: level is OFF, TIMESTAMPS or TENSORS, not '{}'", value);
  return {};
}

Status set_trace(std::string_view key, std::string_view value, serve::ServiceOptions& service) {
  wire::http::TraceSettings& trace = service.trace;
  constexpr std::string_view kFlag = "--trace-config";
  if (key == "level") return set_trace_level(value, trace);
  if (key == "mode" && (value == "triton" || value == "opentelemetry")) {
    trace.mode = value;
  } else if (key == "rate") {
    ASSIGN_OR_RETURN(trace.rate, number_of<uint32_t>(value, kFlag));
  } else if (key == "count") {
    ASSIGN_OR_RETURN(trace.count, number_of<int32_t>(value, kFlag));
  } else if (key == "triton,log-frequency") {
    ASSIGN_OR_RETURN(trace.log_frequency, number_of<uint32_t>(value, kFlag));
  } else if (key == "triton,file") {
    trace.file = value;
  } else if (key == "opentelemetry,url") {
    service.trace_url = value;
  } else {
    return invalid_argument(
        "{}: '{}={}' is not known; there are mode=triton or opentelemetry, level, rate, count, triton,file, "
        "triton,log-frequency and opentelemetry,url",
        kFlag, key, value);
  }
  return {};
}

Status set_traces(const Texts& settings, serve::ServiceOptions& service) {
  for (const std::string& setting : settings) {
    const size_t equals = std::min(setting.find('='), setting.size());
    const std::string_view text = setting;
    RETURN_IF_ERROR(
        set_trace(text.substr(0, equals), text.substr(std::min(equals + 1, text.size())), service));
  }
  return {};
}

Result<serve::AccessRules> rules_of(const Texts& rules, std::string_view flag) {
  auto parsed = serve::AccessRules::parse(rules);
  if (!parsed.ok()) return std::move(parsed).status().with_context(flag);
  return parsed;
}

}  // namespace

struct ServeFlags::Words {
  ServePlan plan;
  std::string control_mode = "none";
  int64_t poll_secs = 15;
  int64_t exit_timeout_secs = 30;
  Texts cache;
  uint64_t response_cache_bytes = 0;
  std::string rate_limit = "off";
  Texts resources;
  Texts warm;
  Texts trace;
  Texts http_restricted;
  Texts grpc_restricted;
  bool http_tls = false;
  bool grpc_tls = false;
  bool grpc_mutual_tls = false;
  serve::http::TlsFiles http_files;
  serve::grpc::TlsFiles grpc_files;
  std::string metrics_address;
  std::string compression = "none";
  std::map<std::string, int64_t> grpc_ms;  ///< times in milliseconds, and in seconds for the ages
  bool client_shared_memory = false;
  OtherFlags others;

  void declare_models(CLI::App& app);
  void declare_http(CLI::App& app);
  void declare_grpc(CLI::App& app);
  void declare_grpc_connections(CLI::App& app);
  void declare_rest(CLI::App& app);

  Status read_models(ServePlan& out) const;
  Status read_scheduling(ServePlan& out) const;
  Status read_http(ServePlan& out) const;
  Status read_grpc(ServePlan& out) const;
};

ServeFlags::ServeFlags() : words_(std::make_unique<Words>()) {}
ServeFlags::~ServeFlags() = default;

void ServeFlags::Words::declare_models(CLI::App& app) {
  serve::ServiceOptions& service = plan.service;
  add_each(app, "--model-repository,--model-store", service.repositories,
           "a folder of models; several times for several");
  app.get_option("--model-repository")->required();
  app.add_option(
         "--model-control-mode", control_mode,
         "none: all models, as they are at the start; poll: all, looked at again and again; explicit: "
         "those of --load-model and what clients load")
      ->check(CLI::IsMember({"none", "poll", "explicit"}));
  add_each(app, "--load-model", service.load_models,
           "explicit mode: a model to load at the start; * for all");
  app.add_option("--repository-poll-secs", poll_secs, "poll mode: seconds between two looks")
      ->check(CLI::PositiveNumber);
  app.add_option("--strict-readiness", service.strict_readiness,
                 "ready only while every model that was asked for is (default true)");
  app.add_option("--exit-on-error", service.exit_on_error,
                 "do not start where a model fails to load (default true)");
  app.add_option("--model-load-thread-count", service.load_threads,
                 "models that load at the same time (default 4)")
      ->check(CLI::PositiveNumber);
  add_each(
      app, "--warm", warm,
      "MODEL:INPUT:D,D,…: before MODEL is ready, compile it for this size of an input with open dims (the "
      "batch left out; further :INPUT:D,D,… for a model of several) in every batch size, and keep that");
  app.add_option("--rate-limit", rate_limit, "execution_count: hold instance groups to their rate_limiter")
      ->check(CLI::IsMember({"off", "execution_count"}));
  add_each(app, "--rate-limit-resource", resources, "NAME:COUNT[:DEVICE]: how much there is of a resource");
  add_each(app, "--cache-config", cache, "local,size=BYTES: keep answers of models with response_cache");
  app.add_option("--response-cache-byte-size", response_cache_bytes, "the same, as older servers spell it");
  app.add_option("--cores", service.cores,
                 "cores that all instances' threads share (default: those of this process)");
  app.add_option("--threads-may-exceed", service.threads_may_exceed,
                 "take configured thread counts as they are, even where they add up to more than the cores");
}

void ServeFlags::Words::declare_http(CLI::App& app) {
  serve::http::ServerOptions& http = plan.http;
  app.add_option("--allow-http", plan.allow_http, "serve HTTP (default true)");
  app.add_option("--http-address", http.address, "(default 0.0.0.0)");
  app.add_option("--http-port", http.port, "0: any free one (default 8000)");
  app.add_option("--reuse-http-port", http.reuse_port, "share the port with other servers");
  app.add_option("--http-thread-count", http.threads,
                 "threads that read requests and send answers (default 2)")
      ->check(CLI::PositiveNumber);
  app.add_option("--http-max-input-size", http.limits.body_bytes,
                 "bytes of a request's body (default 64 MiB)")
      ->check(CLI::PositiveNumber);
  add_each(
      app, "--http-restricted-api", http_restricted,
      "CLASS[,CLASS...]:HEADER=VALUE: only with that header; =@FILE reads the value from a file, again when "
      "it changes");
  app.add_option("--http-use-ssl", http_tls, "HTTPS");
  app.add_option("--http-server-cert", http_files.certificate_chain, "PEM, read again when it changes");
  app.add_option("--http-server-key", http_files.private_key, "PEM, read again when it changes");
  app.add_option("--access-log", plan.access_log,
                 "a line of JSON for each HTTP request, to this file; - is standard output");
  app.add_option("--allow-metrics", plan.allow_metrics, "serve /metrics and the status page (default true)");
  app.add_option("--metrics-address", metrics_address, "(default: that of HTTP)");
  app.add_option("--metrics-port", plan.metrics.port, "0: any free one (default 8002)");
}

void ServeFlags::Words::declare_grpc(CLI::App& app) {
  serve::grpc::ServerOptions& grpc = plan.grpc;
  app.add_option("--allow-grpc", plan.allow_grpc, "serve gRPC (default true)");
  app.add_option("--grpc-address", grpc.address, "(default 0.0.0.0)");
  app.add_option("--grpc-port", grpc.port, "0: any free one (default 8001)");
  app.add_option("--grpc-max-input-size", grpc.message_bytes,
                 "bytes of a request's message, also unpacked (default 64 MiB)")
      ->check(CLI::PositiveNumber);
  app.add_option("--reuse-grpc-port", grpc.reuse_port, "share the port with other servers");
  app.add_option("--grpc-use-ssl", grpc_tls, "TLS");
  app.add_option("--grpc-use-ssl-mutual", grpc_mutual_tls, "clients must show a certificate too");
  app.add_option("--grpc-server-cert", grpc_files.certificate_chain, "PEM, read again when it changes");
  app.add_option("--grpc-server-key", grpc_files.private_key, "PEM, read again when it changes");
  app.add_option("--grpc-root-cert", grpc_files.client_roots, "PEM: who signs clients' certificates");
  app.add_option("--grpc-infer-response-compression-level", compression, "of answers")
      ->check(CLI::IsMember({"none", "low", "medium", "high"}));
  add_each(
      app, "--grpc-restricted-protocol", grpc_restricted,
      "CLASS[,CLASS...]:HEADER=VALUE: only with metadata triton-grpc-protocol-HEADER; =@FILE as for HTTP");
}

void ServeFlags::Words::declare_grpc_connections(CLI::App& app) {
  const auto time = [&](const std::string& flag, const std::string& help) {
    app.add_option(flag, grpc_ms[flag], help)->check(CLI::NonNegativeNumber);
  };
  serve::grpc::Keepalive& alive = plan.grpc.keepalive;
  time("--grpc-keepalive-time", "milliseconds of silence before the server pings (default 7200000)");
  time("--grpc-keepalive-timeout", "milliseconds for the answer to that ping (default 20000)");
  app.add_option("--grpc-keepalive-permit-without-calls", alive.permit_without_calls,
                 "ping without calls too");
  app.add_option("--grpc-http2-max-pings-without-data", alive.max_pings_without_data, "(default 2)");
  time("--grpc-http2-min-recv-ping-interval-without-data",
       "milliseconds that clients' pings must be apart (default 300000)");
  app.add_option("--grpc-http2-max-ping-strikes", alive.max_ping_strikes,
                 "bad pings before a connection is closed (default 2)");
  time("--grpc-max-connection-age", "seconds (default: no end)");
  time("--grpc-max-connection-age-grace", "seconds for calls that go on (default: their own time)");
}

void ServeFlags::Words::declare_rest(CLI::App& app) {
  app.add_option("--id", plan.endpoints.identity.name, "the server's name in its metadata (default triton)");
  app.add_option("--allow-client-shm", client_shared_memory,
                 "clients may register shared memory (default false)");
  app.add_option("--exit-timeout-secs", exit_timeout_secs,
                 "seconds for what is asked when the server ends (default 30)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--log-verbose", plan.log.verbose_level, "0: nothing verbose");
  app.add_option("--log-info", plan.log.info, "(default true)");
  app.add_option("--log-warning", plan.log.warning, "(default true)");
  app.add_option("--log-error", plan.log.error, "(default true)");
  app.add_option("--log-format", plan.log.format, "default or ISO8601")
      ->check(CLI::IsMember({"default", "ISO8601"}));
  app.add_option("--log-file", plan.log.file, "append to this file instead of standard error");
  add_each(app, "--trace-config", trace,
           "level=TIMESTAMPS, rate=N, count=N, mode=triton, triton,file=PATH, triton,log-frequency=N, or "
           "mode=opentelemetry, opentelemetry,url=URL");
  others.declare(app);
}

void ServeFlags::declare(CLI::App& app) {
  words_->plan.http.threads = 2;
  words_->plan.metrics.port = 8002;
  words_->declare_models(app);
  words_->declare_http(app);
  words_->declare_grpc(app);
  words_->declare_grpc_connections(app);
  words_->declare_rest(app);
}

Status ServeFlags::Words::read_models(ServePlan& out) const {
  static const std::map<std::string, serve::ControlMode> kModes = {
      {"none", serve::ControlMode::kNone},
      {"poll", serve::ControlMode::kPoll},
      {"explicit", serve::ControlMode::kExplicit}};
  out.service.mode = kModes.at(control_mode);
  out.service.poll_every = std::chrono::seconds(poll_secs);
  if (!out.service.load_models.empty() && out.service.mode != serve::ControlMode::kExplicit)
    return invalid_argument(
        "--load-model needs --model-control-mode explicit: otherwise all models are loaded");
  for (const std::string& text : warm) RETURN_IF_ERROR(read_warm(text, out.service));
  return set_traces(trace, out.service);
}

Status ServeFlags::Words::read_scheduling(ServePlan& out) const {
  out.service.rate_limited = rate_limit == "execution_count";
  if (!out.service.rate_limited && !resources.empty())
    return invalid_argument("--rate-limit-resource needs --rate-limit execution_count");
  for (const std::string& text : resources) {
    ASSIGN_OR_RETURN(serve::ResourceLimit limit, resource_of(text));
    out.service.resources.push_back(std::move(limit));
  }
  ASSIGN_OR_RETURN(out.service.cache_bytes, cache_bytes_of(cache));
  if (out.service.cache_bytes == 0) out.service.cache_bytes = response_cache_bytes;
  out.service.client_shared_memory = client_shared_memory;
  return {};
}

Status ServeFlags::Words::read_http(ServePlan& out) const {
  if (http_tls && (http_files.certificate_chain.empty() || http_files.private_key.empty()))
    return invalid_argument("--http-use-ssl needs --http-server-cert and --http-server-key");
  if (http_tls) out.http.tls = http_files;
  out.metrics.address = metrics_address.empty() ? out.http.address : metrics_address;
  ASSIGN_OR_RETURN(out.endpoints.access, rules_of(http_restricted, "--http-restricted-api"));
  out.endpoints.input_bytes = out.http.limits.body_bytes;
  return {};
}

Status ServeFlags::Words::read_grpc(ServePlan& out) const {
  static const std::map<std::string, serve::grpc::CompressionLevel> kLevels = {
      {"none", serve::grpc::CompressionLevel::kNone},
      {"low", serve::grpc::CompressionLevel::kLow},
      {"medium", serve::grpc::CompressionLevel::kMedium},
      {"high", serve::grpc::CompressionLevel::kHigh}};
  if (grpc_mutual_tls && grpc_files.client_roots.empty())
    return invalid_argument("--grpc-use-ssl-mutual needs --grpc-root-cert");
  const bool has_files = !grpc_files.certificate_chain.empty() && !grpc_files.private_key.empty();
  if ((grpc_tls || grpc_mutual_tls) && !has_files)
    return invalid_argument("--grpc-use-ssl needs --grpc-server-cert and --grpc-server-key");
  if (grpc_tls || grpc_mutual_tls) out.grpc.tls = grpc_files;
  if (!grpc_mutual_tls) out.grpc.tls.client_roots.clear();
  out.grpc.compression = kLevels.at(compression);
  ASSIGN_OR_RETURN(out.grpc.access, rules_of(grpc_restricted, "--grpc-restricted-protocol"));
  out.grpc.identity = out.endpoints.identity;
  constexpr size_t kMessagesAtOnce = 16;
  out.grpc.all_bytes = std::max(out.grpc.all_bytes, kMessagesAtOnce * out.grpc.message_bytes);
  const auto set = [this](const char* flag, std::chrono::milliseconds unit, std::chrono::milliseconds& time) {
    const int64_t given = grpc_ms.at(flag);
    if (given > 0) time = unit * given;
  };
  constexpr std::chrono::milliseconds kMs{1}, kSecond{1000};
  serve::grpc::Keepalive& alive = out.grpc.keepalive;
  set("--grpc-keepalive-time", kMs, alive.time);
  set("--grpc-keepalive-timeout", kMs, alive.timeout);
  set("--grpc-http2-min-recv-ping-interval-without-data", kMs, alive.min_ping_interval_without_data);
  set("--grpc-max-connection-age", kSecond, alive.max_connection_age);
  set("--grpc-max-connection-age-grace", kSecond, alive.max_connection_age_grace);
  return {};
}

Result<ServePlan> ServeFlags::plan() const {
  ServePlan plan = words_->plan;
  plan.exit_timeout = std::chrono::seconds(words_->exit_timeout_secs);
  ASSIGN_OR_RETURN(plan.warnings, words_->others.judge());
  RETURN_IF_ERROR(words_->read_models(plan));
  RETURN_IF_ERROR(words_->read_scheduling(plan));
  RETURN_IF_ERROR(words_->read_http(plan));
  RETURN_IF_ERROR(words_->read_grpc(plan));
  return plan;
}

}  // namespace ridgeline::cli
