#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "serve/observe/model_counts.h"

namespace ridgeline::serve {

struct MemoryUsage {
  std::string type;  ///< "CPU", "CPU_PINNED" or "GPU"
  int64_t id = 0;
  uint64_t byte_size = 0;
};

/// One version of a model as statistics and metrics show it.
struct ModelReport {
  std::string name;
  std::string version;
  ModelCounts counts;
  std::vector<MemoryUsage> memory;
  int64_t pending = 0;                      ///< requests that wait for their execution
  std::optional<double> load_seconds;       ///< how long loading took, where it was loaded
  bool cached = false;                      ///< it uses the response cache
  std::map<std::string, std::string> tags;  ///< metric_tags of its configuration
};

/// The answer to /v2/models/stats, key by key as Triton writes it.
Json statistics_json(std::span<const ModelReport> models);

}  // namespace ridgeline::serve
