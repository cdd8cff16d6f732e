#pragma once

#include <memory>
#include <mutex>

#include "serve/core/answer_cache.h"
#include "serve/core/control.h"
#include "serve/core/start.h"
#include "serve/core/task_threads.h"
#include "serve/core/tracer.h"

namespace ridgeline::serve {

/// The server behind its fronts.
class Server final : public Service {
 public:
  /// `options` with a log; `exporter` may be null.
  Server(ServiceOptions options, Backends backends, std::unique_ptr<OtlpExporter> exporter);
  ~Server() override;

  /// Loads what is served from the start.
  Status start();

  bool ready() const override;
  bool model_ready(const std::string& name, const std::string& version) const override;
  Result<std::shared_ptr<ReadyModel>> find(const std::string& name,
                                           const std::string& version) const override;
  Result<ServedModel> model(const std::string& name, const std::string& version) const override;
  std::vector<wire::http::IndexEntry> ready_versions() const override;
  void index(Listed listed) override;
  void load(const std::string& name, wire::http::LoadRequest request, Done done) override;
  void unload(const std::string& name, bool with_dependents, Done done) override;
  Result<std::vector<ModelReport>> statistics(const std::string& name,
                                              const std::string& version) const override;
  MachineUse machine() override;
  SharedMemory& system_memory() override { return *memory_; }
  Result<wire::http::TraceSettings> trace_settings(const std::string& model) const override;
  Result<wire::http::TraceSettings> change_trace_settings(const std::string& model,
                                                          const TraceChange& change) override;
  wire::http::LogSettings log_settings() const override { return options_.log->settings(); }
  Result<wire::http::LogSettings> change_log_settings(const LogChange& change) override;
  bool drain(std::chrono::milliseconds grace) override;

 private:
  /// For models: their requests to others are taken while the server drains, as those that they belong to
  /// were.
  class ForModels final : public Host {
   public:
    explicit ForModels(Server& server) : server_(&server) {}
    void infer(Call call) override;
    void load(const std::string& name, wire::http::LoadRequest request, const Asker& asker,
              Done done) override;
    void unload(const std::string& name, bool with_dependents, const Asker& asker, Done done) override;
    Result<bool> model_ready(const std::string& name, const std::string& version) const override;

   private:
    Server* server_;
  };

  Surroundings surroundings();

  ServiceOptions options_;
  Backends backends_;
  std::shared_ptr<SharedMemory> memory_;
  std::shared_ptr<Traffic> traffic_ = std::make_shared<Traffic>();
  std::shared_ptr<Tracer> tracer_;
  std::shared_ptr<AnswerCache> cache_;
  Watch watch_;
  ResourceGate gate_;
  Models models_;
  ForModels for_models_;
  std::shared_ptr<Reaper> reaper_;
  Surroundings surroundings_;
  std::unique_ptr<Control> control_;
  std::mutex machine_mutex_;
  CpuTicks cpu_ticks_;
  TaskThreads lister_{1};  ///< apart from those that load, which may all be busy
};

}  // namespace ridgeline::serve
