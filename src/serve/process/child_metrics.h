#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "serve/observe/custom_metrics.h"
#include "serve/process/pack.h"

namespace ridgeline::serve {

/// The metrics that one process has made; they go with it. One thread at a time.
class ChildMetrics {
 public:
  /// Does what a message says; the metric's value where that is asked for, else 0. kInvalidArgument also for
  /// what is malformed.
  Result<double> take(Unpacker& unpacker, CustomMetrics& all);

 private:
  Status make_family(Unpacker& unpacker, CustomMetrics& all);
  Status make_metric(Unpacker& unpacker);
  Result<CustomMetric*> metric(uint64_t number) const;

  std::map<uint64_t, std::shared_ptr<CustomFamily>> families_;  ///< by the process's numbers
  std::map<uint64_t, std::shared_ptr<CustomMetric>> metrics_;
};

}  // namespace ridgeline::serve
