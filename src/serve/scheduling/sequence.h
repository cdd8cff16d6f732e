#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/status.h"
#include "serve/scheduling/batch_policy.h"
#include "serve/scheduling/close_reason.h"

namespace ridgeline::serve {

/// What tells sequences apart; 0 and "" mean that a request belongs to none.
using CorrelationId = std::variant<uint64_t, std::string>;

enum class SequenceStrategy : uint8_t {
  kDirect,  ///< a sequence keeps its row of the batch until it ends; rows without a request are padded
  kOldest   ///< requests of some sequences, one of each at most, are batched as dynamic batching would
};

/// sequence_batching of a model's configuration, checked and completed.
struct SequencePolicy {
  std::string model;  ///< named in refusals
  SequenceStrategy strategy = SequenceStrategy::kDirect;
  size_t instances = 1;
  size_t slots = 1;  ///< sequences at a time on each instance: max_batch_size, or max_candidate_sequences
  Nanos max_idle = std::chrono::seconds(1);  ///< after which a sequence that was not ended is given up
  double minimum_slot_utilization = 0;       ///< direct: share of slots that is worth no further waiting
  BatchPolicy batching;                      ///< oldest: all of it; direct: max_queue_delay alone
};

struct SequenceRequest {
  uint64_t ticket = 0;  ///< the caller's name for it, unique among those that have not completed
  CorrelationId sequence;
  bool start = false;
  bool end = false;
  int64_t rows = 1;
  uint64_t bucket = 0;  ///< only requests of one bucket share a batch
  Nanos timeout{0};     ///< how long its sequence may wait for a slot; 0: any time
  TimePoint arrived;
};

/// A row of a batch with the values of the control inputs START, END, READY and CORRID.
struct SequenceRow {
  std::optional<uint64_t> ticket;  ///< none: padding, whose inputs mean nothing
  size_t slot = 0;
  bool start = false;
  bool end = false;
  bool ready = false;
  CorrelationId sequence;
};

struct SequenceStep {
  std::vector<SequenceRow> rows;            ///< the batch, in its order; empty: nothing to run now
  CloseReason reason = CloseReason::kIdle;  ///< of `rows`, when there are any
  std::optional<TimePoint> look_again;      ///< when waiting alone changes the answer
};

/// What time alone ends.
struct SequenceLapses {
  std::vector<uint64_t> expired;   ///< to be answered with sequence_expired()
  std::optional<TimePoint> again;  ///< when to ask next, if nothing else happens
};

/// Triton's answer to the requests of a sequence that waited too long for a slot.
Status sequence_expired();

}  // namespace ridgeline::serve
