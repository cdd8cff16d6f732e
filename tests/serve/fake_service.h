#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "serve/core/service.h"

namespace ridgeline::serve {

/// The models of Triton's recording, all in version 1, without queues and instances: a request that passes
/// the checks is answered before infer() returns, with its inputs as the outputs. Words and codes are
/// Triton's.
class FakeService final : public Service {
 public:
  using Run = std::function<void(Call)>;

  explicit FakeService(bool client_shared_memory = false);
  /// From then on requests that pass the checks go there.
  void set_run(const std::string& model, Run run) { runs_[model] = std::move(run); }
  void set_decoupled(const std::string& model) { decoupled_.insert(model); }
  void set_ready(bool ready) { is_ready_ = ready; }
  std::vector<std::string> control_calls() const;  ///< "load NAME", "unload NAME"

  bool ready() const override { return is_ready_; }
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
  MachineUse machine() override { return {}; }
  SharedMemory& system_memory() override { return memory_; }
  Result<wire::http::TraceSettings> trace_settings(const std::string& model) const override;
  Result<wire::http::TraceSettings> change_trace_settings(const std::string& model,
                                                          const TraceChange& change) override;
  wire::http::LogSettings log_settings() const override { return log_; }
  Result<wire::http::LogSettings> change_log_settings(const LogChange& change) override;
  bool drain(std::chrono::milliseconds /*grace*/) override { return true; }

 private:
  std::map<std::string, ServedModel> models_;
  std::map<std::string, Run> runs_;
  std::set<std::string> decoupled_;
  std::atomic<bool> is_ready_{true};
  mutable std::mutex mutex_;  ///< of what follows
  std::vector<std::string> control_calls_;
  SharedMemory memory_;
  wire::http::TraceSettings trace_;
  wire::http::LogSettings log_;
};

/// Answers with the inputs as outputs, and ends.
void echo(const Call& call);
/// The same answer without its end.
void echo_once(const Call& call);

}  // namespace ridgeline::serve
