#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "serve/config/model_config.h"
#include "serve/core/host.h"
#include "serve/observe/statistics.h"

/// What runs models of one kind. A backend knows nothing of queues, clients, versions or counting.
namespace ridgeline::serve {

/// One request in a batch. Its inputs are whole: checked against the model, data in shared memory resolved to
/// `data`, shapes as the client sent them, the batch axis included.
class Job {
 public:
  virtual ~Job() = default;
  virtual const wire::InferRequest& request() const = 0;
  virtual int64_t rows() const = 0;
  virtual bool cancelled() const = 0;
  /// Names and version of the model are filled in by the caller, and outputs that were not asked for are left
  /// out there. Once before execute() returns; for a decoupled model any number of times, also after that.
  virtual void answer(Result<Answer> answer) = 0;
  /// Of a decoupled model only: no more answers to this job.
  virtual void end() = 0;
};

/// A model in memory, ready to run. Used by one thread at a time.
class Instance {
 public:
  virtual ~Instance() = default;
  /// Runs requests that fit together: at most max_batch_size rows, equal shapes save the batch axis (and
  /// inputs with allow_ragged_batch). Every job is answered, with an error where the model failed.
  virtual ComputeTimes execute(std::span<const std::shared_ptr<Job>> batch) = 0;
  /// execute() takes microseconds and waits for nothing, so that it may run on a thread that looks after
  /// connections.
  virtual bool immediate() const { return false; }
  /// Of this machine's memory, held for weights and values, shared with other instances of the model
  /// or its own; 0 where that cannot be told.
  virtual ModelMemory memory() const { return {}; }
};

/// Where an instance is to live.
struct Place {
  std::string name;  ///< "resnet_0_1": model, group, number
  InstanceKind kind = InstanceKind::kCpu;
  int device = 0;   ///< of a GPU
  int threads = 1;  ///< of the instance's own computation
};

/// One version of a model as its backend has read it. make_instance() may be called from several threads.
class LoadedModel {
 public:
  virtual ~LoadedModel() = default;
  /// The configuration with what only the backend could fill in (a Python model's auto_complete_config).
  virtual const ModelConfig& config() const = 0;
  /// Compiles, and runs once whatever shapes are known, so that the first request is as fast as the others.
  virtual Result<std::unique_ptr<Instance>> make_instance(const Place& place) = 0;
};

/// Shapes of a request's inputs by name, as clients see them and without the batch axis.
using NamedShapes = std::map<std::string, Shape>;

/// What a backend is given of a version of a model.
struct ModelSource {
  ModelConfig config;
  std::string model_path;  ///< the folder with config.pbtxt
  int64_t version = 1;
  std::string version_path;  ///< model_path/version
  Host* host = nullptr;      ///< the server; outlives the model
  /// That an instance is compiled for before it is ready, where its backend compiles for shapes; inputs whose
  /// shape the configuration fixes may be absent.
  std::vector<NamedShapes> warm{};
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const = 0;  ///< as configurations say it: "onnxruntime"
  /// Its instances are compiled for shapes, so that ModelSource::warm means something to them.
  virtual bool compiles() const { return false; }
  /// Errors name the file or the field, and the remedy. Thread-safe.
  virtual Result<std::unique_ptr<LoadedModel>> load(const ModelSource& source) const = 0;
};

/// By name.
using Backends = std::map<std::string, std::unique_ptr<const Backend>, std::less<>>;

}  // namespace ridgeline::serve
