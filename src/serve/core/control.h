#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "serve/core/fresh_model.h"
#include "serve/core/loader.h"
#include "serve/core/models.h"
#include "serve/core/start.h"
#include "serve/core/task_threads.h"
#include "serve/repository/stamps.h"

namespace ridgeline::serve {

/// Brings the models that are served to what the repositories hold and clients ask for, on threads of its
/// own. Several models load at a time, each by one thread; a model that is replaced serves until the new one
/// is ready, and stays where that fails.
class Control {
 public:
  /// What is referred to outlives this. `options`: repositories, mode, loading and cores.
  Control(const ServiceOptions& options, Models& models, Reaper& reaper, const Surroundings& server);
  ~Control() { stop(); }
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  /// What is served from the start. Returns when it is, or has failed; the first failure is the status.
  Status start();

  /// `asker`: the model that asks, if it is not a client. Its work begins at once: what runs may wait for it.
  using Asker = std::optional<Host::Asker>;
  void load(const std::string& name, wire::http::LoadRequest request, Service::Done done,
            const Asker& asker = {});
  void unload(const std::string& name, bool with_dependents, Service::Done done, const Asker& asker = {});

  /// Ends what is under way and refuses what is asked for from then on.
  void stop();

 private:
  using Statuses = std::map<std::string, Status>;

  Status refuse_by_mode() const;
  /// Does the work of a client or a model, and tells what came of it.
  void run(std::function<Status(const std::string& loading)> work, Service::Done done, const Asker& asker);
  Status load_now(const std::string& name, const wire::http::LoadRequest& request,
                  const std::string& loading);
  Status unload_now(const std::string& name, bool with_dependents, const std::string& loading);
  std::vector<FreshModel> with_steps(std::vector<FreshModel> models) const;
  bool is_current(const std::vector<FreshModel>& fresh) const;
  Statuses bring(std::vector<FreshModel> fresh);
  std::vector<ModelFolder> joined(const std::vector<FreshModel>& fresh) const;
  std::map<std::string, int> threads_for(const std::vector<ModelFolder>& folders) const;
  void warn_of_warmth_without_use(const ModelFolder& folder) const;
  Status load_model(const ModelFolder& folder, int threads);
  Status cannot_serve(const ModelFolder& folder);
  void settle_ensembles(const std::set<std::string>& renewed, Statuses& statuses);
  Status settle(const ModelFolder& ensemble, bool renew);
  void poll();

  const ServiceOptions* options_;
  Models* models_;
  Reaper* reaper_;
  const Surroundings* server_;
  NameLocks names_;

  mutable std::mutex mutex_;
  std::condition_variable stopping_changed_;
  bool stopping_ = false;
  std::map<std::string, FreshModel> known_;  ///< all that are to be served
  std::mutex ensembles_;                     ///< one thread at a time settles them

  Stamps stamps_;  ///< of the poller
  std::thread poller_;
  TaskThreads tasks_;
};

}  // namespace ridgeline::serve
