#include "serve/core/control.h"

#include <algorithm>

#include "base/cpu_features.h"
#include "serve/config/backends.h"
#include "serve/core/ensemble.h"
#include "serve/repository/repository.h"
#include "serve/scheduling/thread_budget.h"

namespace ridgeline::serve {
namespace {

/// As Triton names a code before the reason why a model is not served.
std::string_view code_text(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "Invalid argument";
    case ErrorCode::kNotFound:
      return "Not found";
    case ErrorCode::kAlreadyExists:
      return "Already exists";
    case ErrorCode::kUnsupported:
      return "Unsupported";
    case ErrorCode::kCancelled:
      return "Cancelled";
    case ErrorCode::kInternal:
      return "Internal";
    default:
      return "Unavailable";
  }
}

std::string reason_of(const Status& status) {
  return fmt::format("{}: {}", code_text(status.code()), status.message());
}

const Ensemble* ensemble_in(const ModelFolder& folder) {
  return folder.config ? std::get_if<Ensemble>(&folder.config->scheduling) : nullptr;
}

CoreUse core_use_of(const ModelConfig& config) {
  if (config.is_ensemble()) return CoreUse::kNone;
  const KnownBackend* const backend = known_backend(config.backend);
  return backend == nullptr ? CoreUse::kMany : backend->cores;
}

/// None: as many as help.
std::optional<int64_t> threads_of(const ModelConfig& config) {
  if (core_use_of(config) == CoreUse::kOne) return 1;
  const Result<std::optional<int>> asked = threads_asked(config);
  return asked.ok() && *asked ? std::optional<int64_t>(**asked) : std::nullopt;
}

int64_t instances_in(const ModelConfig& config) {
  int64_t instances = 0;
  for (const InstanceGroup& group : config.instance_groups)
    if (!group.passive) instances += group.count * std::max<int64_t>(1, std::ssize(group.gpus));
  return instances;
}

}  // namespace

Control::Control(const ServiceOptions& options, Models& models, Reaper& reaper, const Surroundings& server)
    : options_(&options),
      models_(&models),
      reaper_(&reaper),
      server_(&server),
      tasks_(options.load_threads) {}

void Control::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopping_changed_.notify_all();
  if (poller_.joinable()) poller_.join();
  tasks_.stop();
}

Status Control::start() {
  stamps_ = stamps_of(options_->repositories);
  std::set<std::string> names;
  if (options_->mode == ControlMode::kExplicit)
    names.insert(options_->load_models.begin(), options_->load_models.end());
  if (options_->mode != ControlMode::kExplicit || names.erase("*") > 0)
    names.merge(names_in(options_->repositories));
  for (const auto& [name, shapes] : options_->warm)
    if (options_->mode != ControlMode::kExplicit && !names.contains(name))
      return not_found("--warm: no repository holds a model '{}'", name);
  Statuses statuses;
  std::vector<FreshModel> fresh;
  for (const std::string& name : names) {
    std::vector<FreshModel> read = read_fresh(options_->repositories, name);
    if (read.empty()) statuses[name] = failed_to_poll(name);
    std::ranges::move(read, std::back_inserter(fresh));
  }
  fresh = with_steps(std::move(fresh));
  for (const FreshModel& model : fresh) names.insert(model.folder.name);
  {
    ASSIGN_OR_RETURN(const auto held, names_.hold(std::move(names)));
    statuses.merge(bring(std::move(fresh)));
  }
  if (options_->mode == ControlMode::kPoll) poller_ = std::thread([this] { poll(); });
  for (auto& [name, status] : statuses)
    if (!status.ok()) return std::move(status);
  return {};
}

Status Control::refuse_by_mode() const {
  if (options_->mode == ControlMode::kExplicit) return {};
  return unavailable("explicit model load / unload is not allowed if polling is enabled");
}

void Control::run(std::function<Status(const std::string& loading)> work, Service::Done done,
                  const Asker& asker) {
  if (Status refused = refuse_by_mode(); !refused.ok()) return done(std::move(refused));
  const bool runs = tasks_.run([work = std::move(work), done,
                                loading = asker ? asker->loading : std::string()] { done(work(loading)); },
                               asker ? TaskThreads::Turn::kAtOnce : TaskThreads::Turn::kInOrder);
  if (!runs) done(unavailable("the server is stopping"));
}

void Control::load(const std::string& name, wire::http::LoadRequest request, Service::Done done,
                   const Asker& asker) {
  run([this, name,
       request = std::move(request)](const std::string& loading) { return load_now(name, request, loading); },
      std::move(done), asker);
}

void Control::unload(const std::string& name, bool with_dependents, Service::Done done, const Asker& asker) {
  run([this, name,
       with_dependents](const std::string& loading) { return unload_now(name, with_dependents, loading); },
      std::move(done), asker);
}

Status Control::load_now(const std::string& name, const wire::http::LoadRequest& request,
                         const std::string& loading) {
  std::set<std::string> names = {name};
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return unavailable("failed to load '{}', the server is stopping", name);
    }
    ASSIGN_OR_RETURN(const auto held, names_.hold(names, loading));
    ASSIGN_OR_RETURN(std::vector<FreshModel> fresh, read_overridden(options_->repositories, name, request));
    if (fresh.empty()) return failed_to_poll(name);
    if (is_current(fresh)) return {};
    fresh = with_steps(std::move(fresh));
    std::set<std::string> wanted;
    for (const FreshModel& model : fresh) wanted.insert(model.folder.name);
    if (!std::ranges::includes(names, wanted)) {
      names.merge(wanted);
      continue;
    }
    return bring(std::move(fresh))[name];
  }
}

bool Control::is_current(const std::vector<FreshModel>& fresh) const {
  if (fresh.size() != 1 || fresh.front().overridden || !models_->has(fresh.front().folder.name)) return false;
  const std::lock_guard lock(mutex_);
  const auto known = known_.find(fresh.front().folder.name);
  return known != known_.end() && !known->second.overridden && known->second.stamp == fresh.front().stamp;
}

std::vector<FreshModel> Control::with_steps(std::vector<FreshModel> models) const {
  std::set<std::string> names;
  for (const FreshModel& model : models) names.insert(model.folder.name);
  for (size_t i = 0; i < models.size(); ++i) {
    const Ensemble* const ensemble = ensemble_in(models[i].folder);
    if (ensemble == nullptr) continue;
    const std::vector<EnsembleStep> steps = ensemble->steps;  // `models` grows
    for (const EnsembleStep& step : steps) {
      if (models_->has(step.model) || !names.insert(step.model).second) continue;
      std::ranges::move(read_fresh(options_->repositories, step.model), std::back_inserter(models));
    }
  }
  return models;
}

Status Control::unload_now(const std::string& name, bool with_dependents, const std::string& loading) {
  std::set<std::string> names = {name};
  if (with_dependents) {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> left = {name};
    while (!left.empty()) {
      const auto known = known_.find(left.back());
      left.pop_back();
      const Ensemble* const ensemble = known == known_.end() ? nullptr : ensemble_in(known->second.folder);
      if (ensemble == nullptr) continue;
      for (const EnsembleStep& step : ensemble->steps)
        if (names.insert(step.model).second) left.push_back(step.model);
    }
  }
  ASSIGN_OR_RETURN(const auto held, names_.hold(names, loading));
  for (const std::string& each : names) {
    {
      const std::lock_guard lock(mutex_);
      known_.erase(each);
    }
    models_->withdraw(each);
    server_->log->info("unloading: {}", each);
  }
  Statuses statuses;
  settle_ensembles({}, statuses);
  return {};
}

std::vector<ModelFolder> Control::joined(const std::vector<FreshModel>& fresh) const {
  std::vector<ModelFolder> folders;
  for (const FreshModel& model : fresh) folders.push_back(model.folder);
  const auto is_fresh = [&](const std::string& name) {
    return std::ranges::any_of(fresh, [&](const FreshModel& model) { return model.folder.name == name; });
  };
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, model] : known_)
      if (!is_fresh(name)) folders.push_back(model.folder);
  }
  join_models(folders);
  return folders;
}

std::map<std::string, int> Control::threads_for(const std::vector<ModelFolder>& folders) const {
  std::vector<ThreadDemand> demands;
  for (const ModelFolder& folder : folders)
    if (folder.servable() && core_use_of(*folder.config) != CoreUse::kNone)
      demands.push_back(
          {folder.name, std::max<int64_t>(1, instances_in(*folder.config)), threads_of(*folder.config)});
  const int64_t cores = options_->cores > 0 ? options_->cores : allowed_cpus();
  const ThreadPlan plan = share_threads(demands, cores, options_->threads_may_exceed);
  std::map<std::string, int> threads;
  for (const ThreadShare& share : plan.shares) {
    threads[share.model] = static_cast<int>(share.threads);
    server_->log->info("{}", share.why);
  }
  if (!demands.empty()) server_->log->info("{}", plan.summary);
  return threads;
}

Control::Statuses Control::bring(std::vector<FreshModel> fresh) {
  const std::vector<ModelFolder> folders = joined(fresh);
  const std::map<std::string, int> threads = threads_for(folders);
  Statuses statuses;
  std::set<std::string> names;
  for (const FreshModel& model : fresh) {
    names.insert(model.folder.name);
    statuses[model.folder.name] = {};
  }
  std::vector<const ModelFolder*> models;
  for (const ModelFolder& folder : folders) {
    if (!names.contains(folder.name)) continue;
    warn_of_warmth_without_use(folder);
    if (ensemble_in(folder) == nullptr) models.push_back(&folder);
  }
  std::vector<Status> loaded(models.size());
  {
    TaskThreads loaders(std::min(options_->load_threads, models.size()));
    for (size_t i = 0; i < models.size(); ++i) {
      loaders.run([&, i] {
        const auto share = threads.find(models[i]->name);
        loaded[i] = load_model(*models[i], share == threads.end() ? 1 : share->second);
      });
    }
  }  // all are loaded
  for (size_t i = 0; i < models.size(); ++i)
    if (!loaded[i].ok()) statuses[models[i]->name] = loaded[i];
  for (FreshModel& model : fresh) {
    const std::string name = model.folder.name;
    const Result<ServedModel> served = models_->snapshot(name, "");
    if (!statuses[name].ok() && served.ok()) continue;  // the old one stays
    if (served.ok() && ensemble_in(model.folder) == nullptr)
      model.folder.config = *served->config;  // with what only its backend could tell
    const std::lock_guard lock(mutex_);
    known_.insert_or_assign(name, std::move(model));
  }
  settle_ensembles(names, statuses);
  return statuses;
}

Status Control::cannot_serve(const ModelFolder& folder) {
  const Status why = first_error(folder.findings);
  for (const Finding& finding : folder.findings) server_->log->error("{}", to_string(finding));
  const std::string reason = reason_of(why);
  if (folder.served.empty()) models_->failed(folder.name, 1, reason);
  for (const int64_t version : folder.served) models_->failed(folder.name, version, reason);
  return internal_error("{}: {}", failed_to_poll(folder.name).message(), why.message());
}

void Control::warn_of_warmth_without_use(const ModelFolder& folder) const {
  if (!options_->warm.contains(folder.name) || !folder.config) return;
  const auto backend = server_->backends->find(folder.config->backend);
  if (backend == server_->backends->end() || !backend->second->compiles())
    server_->log->warning("--warm {} has no effect: it is no model on an engine, and nothing is compiled",
                          folder.name);
}

Status Control::load_model(const ModelFolder& folder, int threads) {
  if (!folder.servable()) return cannot_serve(folder);
  for (const Finding& finding : folder.findings) server_->log->warning("{}", to_string(finding));
  models_->loading(folder.name, folder.served);
  Models::Versions versions;
  std::string failures;
  for (const int64_t number : folder.served) {
    server_->log->info("loading: {}:{}", folder.name, number);
    auto version = load_version(folder, number, threads, *server_);
    if (version.ok()) {
      versions[number] = reaper_->share(std::move(version).value());
      server_->log->info("successfully loaded '{}' version {}", folder.name, number);
      continue;
    }
    const std::string reason = reason_of(version.status());
    models_->failed(folder.name, number, reason);
    server_->log->error("failed to load '{}' version {}: {}", folder.name, number, reason);
    failures += fmt::format("version {} is at UNAVAILABLE state: {};\n", number, reason);
  }
  if (failures.empty() || (!versions.empty() && !models_->has(folder.name)))
    models_->publish(folder.name, versions);
  if (failures.empty()) return {};
  for (const auto& [number, version] : versions)  // those that the old ones were kept in place of
    models_->failed(folder.name, number, Models::kUnloaded);
  return invalid_argument("load failed for model '{}': {}", folder.name, failures);
}

void Control::settle_ensembles(const std::set<std::string>& renewed, Statuses& statuses) {
  const std::lock_guard one_at_a_time(ensembles_);
  const std::vector<ModelFolder> folders = joined({});
  std::vector<const ModelFolder*> left;
  for (const ModelFolder& folder : folders)
    if (ensemble_in(folder) != nullptr) left.push_back(&folder);
  bool progress = true;
  while (progress) {  // ensembles may be made of ensembles
    progress = std::erase_if(left, [&](const ModelFolder* folder) {
                 const auto& steps = ensemble_in(*folder)->steps;
                 const auto waits = [&](const EnsembleStep& step) {
                   return std::ranges::any_of(left, [&](const ModelFolder* other) {
                     return other != folder && other->name == step.model;
                   });
                 };
                 if (std::ranges::any_of(steps, waits)) return false;
                 const Status settled = settle(*folder, renewed.contains(folder->name));
                 if (!settled.ok() && renewed.contains(folder->name)) statuses[folder->name] = settled;
                 return true;
               }) > 0;
  }
}

Status Control::settle(const ModelFolder& ensemble, bool renew) {
  if (!ensemble.servable()) {
    models_->withdraw(ensemble.name);
    return cannot_serve(ensemble);
  }
  for (const EnsembleStep& step : ensemble_in(ensemble)->steps) {
    if (models_->has(step.model)) continue;
    const Status why = invalid_argument("ensemble '{}' depends on '{}' which has no loaded version",
                                        ensemble.name, step.model);
    models_->withdraw(ensemble.name);
    models_->failed(ensemble.name, ensemble.served.back(), reason_of(why));
    return why;
  }
  if (models_->has(ensemble.name) && !renew) return {};
  Models::Versions versions;
  for (const int64_t number : ensemble.served)
    versions[number] = reaper_->share(make_ensemble(ensemble, number, *models_, *server_));
  models_->publish(ensemble.name, versions);
  server_->log->info("successfully loaded '{}'", ensemble.name);
  return {};
}

void Control::poll() {
  std::unique_lock lock(mutex_);
  while (!stopping_changed_.wait_for(lock, options_->poll_every, [this] { return stopping_; })) {
    lock.unlock();
    const Stamps now = stamps_of(options_->repositories);
    const Changes changes = changes_between(stamps_, now);
    stamps_ = now;
    std::set<std::string> names;
    for (const auto* paths : {&changes.added, &changes.changed, &changes.removed})
      for (const std::string& path : *paths) names.insert(path.substr(path.rfind('/') + 1));
    std::vector<FreshModel> fresh;
    for (const std::string& name : names) {
      std::vector<FreshModel> read = read_fresh(options_->repositories, name);
      if (read.empty()) (void)unload_now(name, false, {});
      std::ranges::move(read, std::back_inserter(fresh));
    }
    if (!fresh.empty()) bring(std::move(fresh));
    lock.lock();
  }
}

}  // namespace ridgeline::serve
