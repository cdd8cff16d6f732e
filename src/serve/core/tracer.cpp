#include "serve/core/tracer.h"

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include "base/file.h"

namespace ridgeline::serve {
namespace {

/// Random, and never all zeros, which would mean none.
template <size_t size>
void fill_id(Rng& random, std::array<uint8_t, size>& id) {
  for (uint8_t& byte : id) byte = static_cast<uint8_t>(random.next());
  id.front() |= 1;
}

}  // namespace

Tracer::Tracer(wire::http::TraceSettings settings, std::shared_ptr<Log> log,
               std::unique_ptr<OtlpExporter> exporter)
    : log_(std::move(log)),
      at_start_(settings),
      clock_(wall_clock_now()),
      exporter_(std::move(exporter)),
      ids_(uint64_t{std::random_device()()} << 32 | std::random_device()()),
      server_{.settings = std::move(settings)} {
  look_whether_active();
}

Tracer::~Tracer() {
  flush(server_);
  for (auto& [model, scope] : models_) flush(scope);
}

Tracer::Scope& Tracer::scope_of(const std::string& model) {
  const auto own = models_.find(model);
  return own == models_.end() ? server_ : own->second;
}

wire::http::TraceSettings Tracer::settings(const std::string& model) const {
  const std::lock_guard lock(mutex_);
  const auto own = models_.find(model);
  return own == models_.end() ? server_.settings : own->second.settings;
}

Result<wire::http::TraceSettings> Tracer::change(const std::string& model,
                                                 const Service::TraceChange& change) {
  const std::lock_guard lock(mutex_);
  wire::http::TraceSettings settings = scope_of(model).settings;
  RETURN_IF_ERROR(change(model.empty() ? at_start_ : server_.settings, settings));
  Scope& scope = model.empty() ? server_ : models_[model];
  flush(scope);
  scope = {.settings = settings};
  look_whether_active();
  return settings;
}

void Tracer::look_whether_active() {
  const auto is_on = [this](const Scope& scope) {
    return scope.settings.timestamps && (scope.settings.rate > 0 || exporter_);
  };
  active_ =
      is_on(server_) || std::ranges::any_of(models_, [&](const auto& model) { return is_on(model.second); });
}

bool Tracer::counts_in(Scope& scope) {
  const wire::http::TraceSettings& settings = scope.settings;
  if (settings.rate == 0 || (settings.count >= 0 && scope.picked >= settings.count)) return false;
  if (++scope.seen % settings.rate != 0) return false;
  ++scope.picked;
  return true;
}

std::optional<SpanIds> Tracer::pick(const std::string& model, const std::optional<TraceContext>& part_of) {
  if (!active_.load(std::memory_order_relaxed)) return {};
  const std::lock_guard lock(mutex_);
  Scope& scope = scope_of(model);
  if (!scope.settings.timestamps) return {};
  const bool is_kept_elsewhere = exporter_ && part_of && part_of->sampled;
  if (!is_kept_elsewhere && !counts_in(scope)) return {};
  SpanIds ids;
  if (!exporter_) return ids;  // files name none
  fill_id(ids_, ids.span);
  if (part_of) {
    ids.trace = part_of->trace_id;
    ids.parent = part_of->span_id;
  } else {
    fill_id(ids_, ids.trace);
  }
  return ids;
}

void Tracer::add(RequestTrace trace) {
  const std::lock_guard lock(mutex_);
  if (exporter_) return exporter_->add(std::move(trace));
  Scope& scope = scope_of(trace.model);
  if (scope.traces.size() >= kMostKept) {
    if (!std::exchange(scope.full, true))
      log_->warning("{} traces are kept, later ones are dropped: set a trace count or a log frequency",
                    kMostKept);
    return;
  }
  scope.traces.push_back(std::move(trace));
  const wire::http::TraceSettings& settings = scope.settings;
  if (settings.log_frequency > 0 && scope.traces.size() >= settings.log_frequency)
    write(scope, fmt::format("{}.{}", settings.file, scope.files++));
  else if (settings.count >= 0 && scope.traces.size() + scope.files >= static_cast<size_t>(settings.count))
    flush(scope);
}

void Tracer::flush(Scope& scope) {
  const wire::http::TraceSettings& settings = scope.settings;
  write(scope,
        settings.log_frequency > 0 ? fmt::format("{}.{}", settings.file, scope.files++) : settings.file);
}

void Tracer::write(Scope& scope, const std::string& path) {
  const std::vector<RequestTrace> traces = std::exchange(scope.traces, {});
  if (traces.empty() || scope.settings.file.empty()) return;
  const Status written = write_file_atomically(path, chrome_trace_json(traces, clock_).dump());
  if (!written.ok()) log_->error("traces are lost: {}", written.message());
}

}  // namespace ridgeline::serve
