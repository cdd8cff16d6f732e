#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "serve/observe/model_counts.h"

namespace ridgeline::serve {

struct ComputeTimes {
  Nanos input{0};   ///< filling the batch
  Nanos infer{0};   ///< the model
  Nanos output{0};  ///< handing the answers out
};

/// A request that was answered with success.
struct AnsweredRequest {
  int64_t rows = 1;
  Nanos total{0};  ///< from its arrival to its answer
  Nanos queue{0};  ///< from its arrival to the start of compute
};

/// One execution, or, for an ensemble, one request with the sums over its steps.
struct ExecutionRecord {
  int64_t rows = 1;
  ComputeTimes compute;
  std::optional<CloseReason> reason;  ///< why its batch was closed; none where nothing is batched
  uint64_t at_ms = 0;                 ///< its end, since 1970
  std::span<const AnsweredRequest> answered;
};

/// One response of a decoupled model.
struct ResponseRecord {
  enum class Outcome : uint8_t { kSuccess, kFail, kEmpty, kCancel };
  uint64_t number = 0;  ///< within its request
  Outcome outcome = Outcome::kSuccess;
  Nanos infer{0};
  std::optional<Nanos> output;  ///< none: nothing was handed out
};

/// The part of a model's statistics that one instance, or the fronts, write to. Any thread may write; one
/// lock each call, which nobody else holds while every instance writes to its own shard.
class alignas(64) StatisticsShard {
 public:
  void execution(const ExecutionRecord& record);
  /// `total`: from its arrival to its error. Whether it executed is told by execution().
  void failure(FailureReason reason, Nanos total);
  void cache_hit(Nanos total, Nanos queue, Nanos lookup);
  /// `spent` on the lookup and on keeping the answer; the request's total, told by execution(), includes it.
  void cache_miss(Nanos spent);
  void response(const ResponseRecord& record);
  /// From now on, in place of what was told before.
  void holds(const ModelMemory& memory);

  void add_to(ModelCounts& sum) const;

 private:
  mutable std::mutex mutex_;
  ModelCounts counts_;
};

/// Everything that is counted of one version of a model; shards are summed when somebody reads. Thread-safe.
class ModelStatistics {
 public:
  /// A shard that lives as long as this.
  StatisticsShard& add_shard();

  /// The sums of all shards: each shard's as of one moment, not all of the same one.
  ModelCounts read() const;

  void request_arrived() { pending_.fetch_add(1, std::memory_order_relaxed); }
  /// It left the queue: into a batch, rejected or cancelled.
  void request_left_queue() { pending_.fetch_sub(1, std::memory_order_relaxed); }
  int64_t pending() const { return pending_.load(std::memory_order_relaxed); }

 private:
  mutable std::mutex mutex_;  ///< of the list
  std::vector<std::unique_ptr<StatisticsShard>> shards_;
  alignas(64) std::atomic<int64_t> pending_{0};
};

}  // namespace ridgeline::serve
