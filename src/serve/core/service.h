#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "serve/config/model_config.h"
#include "serve/core/call.h"
#include "serve/observe/machine.h"
#include "serve/observe/model_report.h"
#include "serve/shared_memory.h"
#include "wire/http/control.h"
#include "wire/http/metadata.h"
#include "wire/signature.h"

namespace ridgeline::serve {

/// One version of a model that is ready, as fronts show it. A snapshot: the model may be gone by now.
struct ServedModel {
  std::string name;
  std::string version;
  std::vector<std::string> versions;  ///< all that are ready, ascending
  std::shared_ptr<const ModelConfig> config;
  std::shared_ptr<const wire::ModelSignature> signature;
};

/// One version of a model that is ready, for requests to it: infer() does not look at the names in the call
/// again. Whoever holds it keeps it running, whatever takes its place meanwhile. Thread-safe.
class ReadyModel : public Inference {
 public:
  virtual const std::string& version() const = 0;
  virtual const wire::ModelSignature& signature() const = 0;
  virtual bool decoupled() const = 0;
};

/// All that the fronts ask of a server, whatever the protocol. Errors have the code and the words of Triton.
/// Thread-safe; nothing here blocks but drain().
class Service {
 public:
  virtual ~Service() = default;
  /// Every model that was to be loaded at the start is (or, where strict readiness is off, the server is up).
  virtual bool ready() const = 0;
  virtual bool model_ready(const std::string& name, const std::string& version) const = 0;
  /// `version` empty: the latest. kNotFound or kUnavailable otherwise.
  virtual Result<std::shared_ptr<ReadyModel>> find(const std::string& name,
                                                   const std::string& version) const = 0;
  /// The same for whoever shows a model.
  virtual Result<ServedModel> model(const std::string& name, const std::string& version) const = 0;

  /// Every version of every model that is ready, by name.
  virtual std::vector<wire::http::IndexEntry> ready_versions() const = 0;
  using Listed = std::function<void(std::vector<wire::http::IndexEntry>)>;
  /// Every version in whatever state, and the models in the repositories that are not loaded. `listed` is
  /// called once, from a thread that may wait for disks.
  virtual void index(Listed listed) = 0;
  using Done = std::function<void(Status)>;
  /// `done` is called once, from any thread, when the model is ready or has failed.
  virtual void load(const std::string& name, wire::http::LoadRequest request, Done done) = 0;
  /// `done` is called when the model takes no more requests; what it has taken is still answered.
  virtual void unload(const std::string& name, bool with_dependents, Done done) = 0;

  /// Of all models that are ready, or of one; of all its versions where `version` is empty.
  virtual Result<std::vector<ModelReport>> statistics(const std::string& name,
                                                      const std::string& version) const = 0;
  virtual MachineUse machine() = 0;

  virtual SharedMemory& system_memory() = 0;

  /// What v2[/models/MODEL]/trace/setting reads and changes; `model` empty: the server's own, which are the
  /// defaults of every model's. What a change refuses is not changed.
  using TraceChange =
      std::function<Status(const wire::http::TraceSettings& defaults, wire::http::TraceSettings& settings)>;
  virtual Result<wire::http::TraceSettings> trace_settings(const std::string& model) const = 0;
  virtual Result<wire::http::TraceSettings> change_trace_settings(const std::string& model,
                                                                  const TraceChange& change) = 0;
  using LogChange = std::function<Status(wire::http::LogSettings& settings)>;
  virtual wire::http::LogSettings log_settings() const = 0;
  virtual Result<wire::http::LogSettings> change_log_settings(const LogChange& change) = 0;

  /// Refuses new requests (kUnavailable, Triton's words) and waits for those it has. False when that took
  /// longer than `grace`.
  virtual bool drain(std::chrono::milliseconds grace) = 0;
};

}  // namespace ridgeline::serve
