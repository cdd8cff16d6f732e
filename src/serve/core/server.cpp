#include "serve/core/server.h"

#include <algorithm>
#include <set>
#include <thread>

#include "base/file.h"
#include "serve/core/submit.h"

namespace ridgeline::serve {
namespace {

std::vector<MemoryUsage> memory_of(const ModelCounts& counts) {
  if (counts.memory.bytes() == 0) return {};
  return {{.type = "CPU", .id = 0, .byte_size = counts.memory.bytes()}};
}

}  // namespace

Server::Server(ServiceOptions options, Backends backends, std::unique_ptr<OtlpExporter> exporter)
    : options_(std::move(options)),
      backends_(std::move(backends)),
      memory_(std::make_shared<SharedMemory>(options_.client_shared_memory)),
      gate_(options_.resources),
      for_models_(*this),
      reaper_(std::make_shared<Reaper>([this](const ModelFacts& facts) { models_.freed(facts); })),
      surroundings_(surroundings()) {
  surroundings_.log = options_.log.get();
  tracer_ = std::make_shared<Tracer>(options_.trace, options_.log, std::move(exporter));
  surroundings_.tracer = tracer_;
  if (options_.cache_bytes > 0) cache_ = std::make_shared<AnswerCache>(options_.cache_bytes);
  surroundings_.cache = cache_;
  control_ = std::make_unique<Control>(options_, models_, *reaper_, surroundings_);
}

Surroundings Server::surroundings() {
  return {.backends = &backends_,
          .memory = memory_,
          .watch = &watch_,
          .gate = &gate_,
          .rate_limited = options_.rate_limited,
          .warm = &options_.warm,
          .host = &for_models_,
          .traffic = traffic_};
}

Server::~Server() {
  traffic_->accepting = false;
  control_->stop();
  for (const auto& version : models_.clear()) version->stop();
  reaper_->stop();
}

Status Server::start() {
  Status started = control_->start();
  if (started.ok()) return {};
  if (options_.exit_on_error) return started;
  options_.log->error("{}", started.message());
  return {};
}

void Server::ForModels::infer(Call call) {
  auto version = server_->models_.find(call.request.model, call.request.version);
  if (!version.ok()) return turn_away(*call.client, std::move(version).status());
  submit(*version, std::move(call), {.times = nullptr, .nested = true});
}

void Server::ForModels::load(const std::string& name, wire::http::LoadRequest request, const Asker& asker,
                             Done done) {
  server_->control_->load(name, std::move(request), std::move(done), asker);
}

void Server::ForModels::unload(const std::string& name, bool with_dependents, const Asker& asker, Done done) {
  server_->control_->unload(name, with_dependents, std::move(done), asker);
}

Result<bool> Server::ForModels::model_ready(const std::string& name, const std::string& version) const {
  const auto found = server_->models_.find(name, version);
  if (!found.ok() && found.status().code() == ErrorCode::kInvalidArgument) return found.status();
  return found.ok();
}

bool Server::ready() const {
  return traffic_->accepting && (!options_.strict_readiness || models_.all_ready());
}

bool Server::model_ready(const std::string& name, const std::string& version) const {
  return models_.find(name, version).ok();
}

Result<std::shared_ptr<ReadyModel>> Server::find(const std::string& name, const std::string& version) const {
  ASSIGN_OR_RETURN(std::shared_ptr<ServedVersion> found, models_.find(name, version));
  return std::shared_ptr<ReadyModel>(std::move(found));
}

Result<ServedModel> Server::model(const std::string& name, const std::string& version) const {
  return models_.snapshot(name, version);
}

std::vector<wire::http::IndexEntry> Server::ready_versions() const {
  std::vector<wire::http::IndexEntry> entries = models_.index();
  std::erase_if(entries, [](const wire::http::IndexEntry& entry) { return entry.state != "READY"; });
  return entries;
}

void Server::index(Listed listed) {
  lister_.run([this, listed = std::move(listed)] {
    std::vector<wire::http::IndexEntry> entries = models_.index();
    std::set<std::string> there;
    for (const wire::http::IndexEntry& entry : entries) there.insert(entry.name);
    for (const std::string& name : names_in(options_.repositories))
      if (!there.contains(name)) entries.push_back({.name = name});
    std::ranges::stable_sort(entries, {}, &wire::http::IndexEntry::name);
    listed(std::move(entries));
  });
}

void Server::load(const std::string& name, wire::http::LoadRequest request, Done done) {
  control_->load(name, std::move(request), std::move(done));
}

void Server::unload(const std::string& name, bool with_dependents, Done done) {
  control_->unload(name, with_dependents, std::move(done));
}

Result<std::vector<ModelReport>> Server::statistics(const std::string& name,
                                                    const std::string& version) const {
  ASSIGN_OR_RETURN(const auto versions, models_.select(name, version));
  std::vector<ModelReport> reports;
  for (const auto& each : versions) {
    const ModelFacts& facts = each->facts;
    const ModelCounts counts = facts.statistics.read();
    reports.push_back({.name = facts.name,
                       .version = facts.version,
                       .counts = counts,
                       .memory = memory_of(counts),
                       .pending = facts.statistics.pending(),
                       .load_seconds = each->load_seconds,
                       .cached = facts.cache != nullptr,
                       .tags = facts.config->metric_tags});
  }
  return reports;
}

MachineUse Server::machine() {
  const std::lock_guard lock(machine_mutex_);
  const Result<MachineUse> use = read_machine(cpu_ticks_);
  return use.ok() ? *use : MachineUse{};
}

Result<wire::http::TraceSettings> Server::trace_settings(const std::string& model) const {
  if (!model.empty()) RETURN_IF_ERROR(models_.find(model, "").status());
  return tracer_->settings(model);
}

Result<wire::http::TraceSettings> Server::change_trace_settings(const std::string& model,
                                                                const TraceChange& change) {
  if (!model.empty()) RETURN_IF_ERROR(models_.find(model, "").status());
  return tracer_->change(model, change);
}

Result<wire::http::LogSettings> Server::change_log_settings(const LogChange& change) {
  wire::http::LogSettings settings = options_.log->settings();
  RETURN_IF_ERROR(change(settings));
  RETURN_IF_ERROR(options_.log->change(settings));
  return settings;
}

bool Server::drain(std::chrono::milliseconds grace) {
  traffic_->accepting = false;
  if (auto versions = models_.select("", ""); versions.ok())
    for (const auto& version : *versions) version->drain();
  const auto end = std::chrono::steady_clock::now() + grace;
  constexpr std::chrono::milliseconds kLook{1};
  while (traffic_->in_flight > 0) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(kLook);
  }
  return true;
}

Result<std::unique_ptr<Service>> start_service(ServiceOptions options, Backends backends) {
  for (const std::string& root : options.repositories)
    if (!is_folder(root)) return not_found("{}: no such folder of models", root);
  if (!options.log) options.log = std::make_shared<Log>();
  std::unique_ptr<OtlpExporter> exporter;
  if (options.trace.mode == "opentelemetry") {
    ASSIGN_OR_RETURN(exporter, OtlpExporter::make(options.trace_url, options.log));
  }
  auto server = std::make_unique<Server>(std::move(options), std::move(backends), std::move(exporter));
  RETURN_IF_ERROR(server->start());
  return std::unique_ptr<Service>(std::move(server));
}

}  // namespace ridgeline::serve
