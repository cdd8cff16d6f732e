#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string_view>

#include "serve/observe/latency_histogram.h"
#include "serve/observe/model_memory.h"
#include "serve/scheduling/close_reason.h"
#include "serve/time.h"

namespace ridgeline::serve {

/// How often something was done, and how long it took in all.
struct Tally {
  uint64_t count = 0;
  uint64_t ns = 0;

  void add(Nanos duration) {
    ++count;
    ns += static_cast<uint64_t>(duration.count());
  }
  void merge(const Tally& other) {
    count += other.count;
    ns += other.ns;
  }
  bool operator==(const Tally&) const = default;
};

enum class FailureReason : uint8_t {
  kRejected,   ///< by a queue policy
  kCancelled,  ///< its client is gone
  kBackend,    ///< the model failed
  kOther
};
inline constexpr std::array<std::string_view, 4> kFailureReasonNames = {"REJECTED", "CANCELED", "BACKEND",
                                                                        "OTHER"};

/// Executions of one batch size.
struct BatchTally {
  Tally compute_input;
  Tally compute_infer;
  Tally compute_output;

  void merge(const BatchTally& other);
};

/// The n-th responses of requests to a decoupled model.
struct ResponseTally {
  Tally compute_infer;
  Tally compute_output;
  Tally success;
  Tally fail;
  Tally empty_response;
  Tally cancel;

  void merge(const ResponseTally& other);
};

/// What happened to one version of a model so far, by Triton's counting rules: a request counts 1 in success
/// or fail; queue and compute times are of successful requests, each with the whole time of its batch; an
/// execution counts whether its requests succeeded or not; what the cache answered counts in success and
/// queue only. A request that was refused before it reached the model's queue (a wrong shape, an unknown
/// model) counts nowhere.
struct ModelCounts {
  uint64_t last_inference_ms = 0;  ///< of the last execution, since 1970
  uint64_t inference_count = 0;    ///< rows of successful requests
  uint64_t execution_count = 0;
  ModelMemory memory;  ///< that its instances hold now, where they can tell
  Tally success;
  Tally fail;
  Tally queue;
  Tally compute_input;
  Tally compute_infer;
  Tally compute_output;
  Tally cache_hit;
  Tally cache_miss;
  std::map<int64_t, BatchTally> batches;        ///< by rows
  std::map<uint64_t, ResponseTally> responses;  ///< by their number within a request
  std::array<uint64_t, kFailureReasonNames.size()> failures{};
  std::array<uint64_t, kCloseReasonNames.size()> closes{};
  LatencyHistogram request_histogram;
  LatencyHistogram queue_histogram;
  LatencyHistogram compute_input_histogram;
  LatencyHistogram compute_infer_histogram;
  LatencyHistogram compute_output_histogram;

  void merge(const ModelCounts& other);
};

}  // namespace ridgeline::serve
