#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "serve/config/model_config.h"
#include "serve/core/service.h"
#include "serve/observe/statistics.h"
#include "serve/shared_memory.h"
#include "wire/signature.h"

namespace ridgeline::serve {

class AnswerCache;
class Request;
class Tracer;

/// What requests are held to, made from a completed configuration.
wire::ModelSignature signature_of(const ModelConfig& config);

/// Whether the server takes requests, and how many it has.
struct Traffic {
  std::atomic<bool> accepting{true};
  std::atomic<int64_t> in_flight{0};
};

/// What everybody who handles a request knows of the version of a model that it is for. Only the statistics
/// change. A shared_ptr to it keeps the version running; what it refers to outlives the server where a
/// backend holds a request for longer.
struct ModelFacts {
  mutable ModelStatistics statistics;  // first, as it begins on a cache line of its own
  std::string name;
  std::string version;
  std::shared_ptr<const ModelConfig> config;
  std::shared_ptr<const wire::ModelSignature> signature;
  std::map<std::string, std::vector<std::string>> labels;  ///< by output
  bool decoupled = false;
  std::shared_ptr<const SharedMemory> memory;  ///< the clients' regions
  uint64_t bucket_seed = 0;  ///< of shapes' hashes: random, so that clients can forge no equal ones
  std::shared_ptr<Traffic> traffic;
  std::shared_ptr<Tracer> tracer;
  std::shared_ptr<AnswerCache> cache;   ///< none: its answers are not kept
  StatisticsShard* refusals = nullptr;  ///< the shard for what no instance counts

  bool batched() const { return signature->max_batch_size > 0; }
};

/// One version of a model that takes requests, whatever runs them.
class ServedVersion : public ReadyModel, public std::enable_shared_from_this<ServedVersion> {
 public:
  /// A client's call: refused where the server takes none any more.
  void infer(Call call) override;
  const std::string& version() const override { return facts.version; }
  const wire::ModelSignature& signature() const override { return *facts.signature; }
  bool decoupled() const override { return facts.decoupled; }

  /// Takes a request that was made for these facts.
  virtual void put(std::shared_ptr<Request> request) = 0;
  /// Nothing is waited for any more: batches leave as they are.
  virtual void drain() = 0;
  /// Refuses what waits, waits for what executes and frees the model. Idempotent; never from an instance's
  /// thread.
  virtual void stop() = 0;

  ModelFacts facts;
  double load_seconds = 0;
};

}  // namespace ridgeline::serve
