#include <algorithm>
#include <fmt/core.h>
#include <future>
#include <malloc.h>
#include <memory>
#include <thread>
#include <utility>

#include "base/cpu_features.h"
#include "base/descriptors.h"
#include "base/json.h"
#include "cli/serve_flags.h"
#include "cli/verbs.h"
#include "serve/backends/backends.h"

namespace ridgeline::cli {
namespace {

using serve::Log;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookForSignal{50};

/// What listens. Destroyed before the service that it asks.
struct Fronts {
  std::unique_ptr<serve::http::Server> http;
  std::unique_ptr<serve::http::Server> metrics;
  std::unique_ptr<serve::grpc::Server> grpc;
};

/// As Triton shows it: a model, its version, and its state with the reason.
void log_models(const std::vector<wire::http::IndexEntry>& models, Log& log) {
  size_t name = 5, version = 7;
  for (const auto& model : models) {
    name = std::max(name, model.name.size());
    version = std::max(version, model.version.size());
  }
  log.info("| {:<{}} | {:<{}} | {}", "Model", name, "Version", version, "Status");
  for (const auto& model : models) {
    const std::string_view state = model.state.empty() ? "not loaded" : std::string_view(model.state);
    log.info("| {:<{}} | {:<{}} | {}{}{}", model.name, name, model.version, version, state,
             model.reason.empty() ? "" : ": ", model.reason);
  }
}

/// The C library has eight arenas for each core, and memory that was freed in one serves its own threads
/// alone. Models come and go with threads of their own, so that each load leaves its gaps in another arena;
/// more arenas than cores spare no thread a wait. To be called before there are threads.
void share_arenas() {
  constexpr int kLeast = 2;
  mallopt(M_ARENA_MAX, std::max(kLeast, allowed_cpus()));
}

/// Each connection is one.
void warn_of_few_descriptors(const serve::http::Limits& limits, Log& log) {
  const int64_t descriptors = raise_descriptor_limit();
  if (std::cmp_less(descriptors, limits.connections))
    log.warning(
        "this process may open {} files, and each of the {} connections that the server would take is one: "
        "raise the hard limit (`ulimit -Hn`, LimitNOFILE= of systemd)",
        descriptors, limits.connections);
}

std::vector<wire::http::IndexEntry> index_of(serve::Service& service) {
  std::promise<std::vector<wire::http::IndexEntry>> listed;
  service.index(
      [&listed](std::vector<wire::http::IndexEntry> entries) { listed.set_value(std::move(entries)); });
  return listed.get_future().get();
}

Result<Fronts> listen(const ServePlan& plan, serve::Service& service,
                      const std::shared_ptr<serve::CustomMetrics>& metrics, Log& log) {
  Fronts fronts;
  serve::http::EndpointOptions endpoints = plan.endpoints;
  if (!plan.access_log.empty()) {
    ASSIGN_OR_RETURN(endpoints.access_log, serve::http::AccessLog::open(plan.access_log));
  }
  if (plan.allow_grpc) {
    ASSIGN_OR_RETURN(fronts.grpc, serve::grpc::Server::start(plan.grpc, service));
    log.info("Started GRPCInferenceService at {}:{}", plan.grpc.address, fronts.grpc->port());
  }
  if (plan.allow_http) {
    ASSIGN_OR_RETURN(fronts.http, serve::http::Server::start(
                                      plan.http, serve::http::protocol_handler(endpoints, service)));
    log.info("Started HTTPService at {}:{}", plan.http.address, fronts.http->port());
  }
  if (plan.allow_metrics) {
    ASSIGN_OR_RETURN(fronts.metrics,
                     serve::http::Server::start(plan.metrics, serve::http::observation_handler(
                                                                  endpoints.identity, service, metrics)));
    log.info("Started Metrics Service at {}:{}", plan.metrics.address, fronts.metrics->port());
  }
  return fronts;
}

Json to_json(const Fronts& fronts, const std::vector<wire::http::IndexEntry>& index) {
  const auto port = [](const auto& front) { return front ? Json(front->port()) : Json(); };
  Json models = Json::array();
  for (const auto& model : index)
    models.push_back(
        {{"name", model.name}, {"version", model.version}, {"state", model.state}, {"reason", model.reason}});
  return {{"http_port", port(fronts.http)},
          {"grpc_port", port(fronts.grpc)},
          {"metrics_port", port(fronts.metrics)},
          {"models", std::move(models)}};
}

/// Fronts take no more first: what they have read is still answered.
bool drain(const Fronts& fronts, serve::Service& service, std::chrono::milliseconds grace) {
  const Clock::time_point end = Clock::now() + grace;
  const auto left = [end] {
    return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()),
                    std::chrono::milliseconds(0));
  };
  bool is_drained = true;
  std::jthread grpc([&, left] {
    if (fronts.grpc && !fronts.grpc->drain(left())) is_drained = false;
  });
  const bool http_drained = !fronts.http || fronts.http->drain(left());
  grpc.join();
  const bool service_drained = service.drain(left());
  return is_drained && http_drained && service_drained;
}

Result<int> serve_models(const ServeFlags& flags, const CancelToken& cancel, bool json) {
  share_arenas();
  ASSIGN_OR_RETURN(ServePlan plan, flags.plan());
  const auto log = std::make_shared<Log>();
  RETURN_IF_ERROR(log->change(plan.log));
  for (const std::string& warning : plan.warnings) log->warning("{}", warning);
  warn_of_few_descriptors(plan.http.limits, *log);
  plan.service.log = log;
  const auto metrics = std::make_shared<serve::CustomMetrics>();
  ASSIGN_OR_RETURN(
      const std::unique_ptr<serve::Service> service,
      serve::start_service(std::move(plan.service),
                           serve::make_backends({.log = log, .metrics = metrics}, {.log = log})));
  log_models(index_of(*service), *log);
  ASSIGN_OR_RETURN(const Fronts fronts, listen(plan, *service, metrics, *log));
  if (json) {
    fmt::print("{}\n",
               to_json(fronts, index_of(*service)).dump(-1, ' ', false, Json::error_handler_t::replace));
    std::fflush(stdout);
  }
  while (!cancel.requested()) std::this_thread::sleep_for(kLookForSignal);
  log->info("Ending: what is asked is answered, within {} s", plan.exit_timeout.count());
  if (!drain(fronts, *service, plan.exit_timeout))
    return timed_out("requests were left unanswered after {} s; --exit-timeout-secs gives them more time",
                     plan.exit_timeout.count());
  return 0;
}

}  // namespace

Action configure_serve(CLI::App& app, const Environment& environment) {
  auto flags = std::make_shared<ServeFlags>();
  flags->declare(app);
  const CLI::Option* json = add_json_flag(app);
  return
      [flags, json, cancel = environment.cancel] { return serve_models(*flags, cancel, json->count() > 0); };
}

}  // namespace ridgeline::cli
