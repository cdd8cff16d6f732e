#include "cli/serve_other_flags.h"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>

namespace ridgeline::cli {
namespace {

enum class Verdict { kWarn, kRefuse };

struct Row {
  const char* flag;
  Verdict verdict;
  std::string_view same;  ///< the value that is what this server does anyway; empty: none
  std::string_view why;
};

constexpr std::string_view kNoGpuPool = "models' own engines keep their memory";
constexpr std::string_view kGrpcThreads = "gRPC's threads and memory follow the cores and the load";
constexpr std::string_view kPlatform =
    "only the KServe protocol is served: put it behind that platform's own adapter";
constexpr std::string_view kHeaders = "headers do not reach models: send them as request parameters";
constexpr std::string_view kOldTrace = "say it in --trace-config";

constexpr Row kRows[] = {
    {"--strict-model-config", Verdict::kWarn, "false",
     "a config.pbtxt is always completed from the model and held against it"},
    {"--disable-auto-complete-config", Verdict::kRefuse, "false",
     "a config.pbtxt is always completed from the model; `ridgeline repository check` shows with what"},
    {"--model-config-name", Verdict::kRefuse, "",
     "keep each variant as a config.pbtxt of a model of its own"},
    {"--model-namespacing", Verdict::kRefuse, "false",
     "give models of different repositories different names"},
    {"--model-load-retry-count", Verdict::kWarn, "0", "a model that fails is told once; load it again"},
    {"--backend-config", Verdict::kWarn, "", "say it in the parameters of each model's config.pbtxt"},
    {"--backend-directory", Verdict::kWarn, "", "backends are part of this program"},
    {"--repoagent-directory", Verdict::kWarn, "", "repository agents are not run"},
    {"--cache-directory", Verdict::kWarn, "", "the response cache is part of this program"},
    {"--host-policy", Verdict::kWarn, "", "threads follow this process' affinity and cgroup; see --cores"},
    {"--model-load-gpu-limit", Verdict::kWarn, "", kNoGpuPool},
    {"--pinned-memory-pool-byte-size", Verdict::kWarn, "", kNoGpuPool},
    {"--cuda-memory-pool-byte-size", Verdict::kWarn, "", kNoGpuPool},
    {"--cuda-virtual-address-size", Verdict::kWarn, "", kNoGpuPool},
    {"--min-supported-compute-capability", Verdict::kWarn, "", "each engine says which GPUs it takes"},
    {"--enable-peer-access", Verdict::kWarn, "", kNoGpuPool},
    {"--buffer-manager-thread-count", Verdict::kWarn, "0", "an instance fills its own batch"},
    {"--http-header-forward-pattern", Verdict::kRefuse, "", kHeaders},
    {"--grpc-header-forward-pattern", Verdict::kRefuse, "", kHeaders},
    {"--grpc-infer-thread-count", Verdict::kWarn, "", kGrpcThreads},
    {"--grpc-infer-allocation-pool-size", Verdict::kWarn, "", kGrpcThreads},
    {"--grpc-max-response-pool-size", Verdict::kWarn, "", kGrpcThreads},
    {"--allow-cpu-metrics", Verdict::kWarn, "true", "the machine's figures are always among the metrics"},
    {"--allow-gpu-metrics", Verdict::kWarn, "false", "GPUs' figures are not among the metrics"},
    {"--metrics-interval-ms", Verdict::kWarn, "", "figures are read whenever they are asked for"},
    {"--metrics-config", Verdict::kWarn, "",
     "counters and histograms are always on, and there are no summaries: quantiles follow from histograms"},
    {"--trace-file", Verdict::kRefuse, "", kOldTrace},
    {"--trace-level", Verdict::kRefuse, "OFF", kOldTrace},
    {"--trace-rate", Verdict::kRefuse, "", kOldTrace},
    {"--trace-count", Verdict::kRefuse, "", kOldTrace},
    {"--trace-log-frequency", Verdict::kRefuse, "", kOldTrace},
    {"--allow-sagemaker", Verdict::kRefuse, "false", kPlatform},
    {"--sagemaker-port", Verdict::kWarn, "", kPlatform},
    {"--sagemaker-safe-port-range", Verdict::kWarn, "", kPlatform},
    {"--sagemaker-thread-count", Verdict::kWarn, "", kPlatform},
    {"--allow-vertex-ai", Verdict::kRefuse, "false", kPlatform},
    {"--vertex-ai-port", Verdict::kWarn, "", kPlatform},
    {"--vertex-ai-thread-count", Verdict::kWarn, "", kPlatform},
    {"--vertex-ai-default-model", Verdict::kWarn, "", kPlatform},
};

bool is_what_is_done(const Row& row, const std::string& value) {
  if (row.same.empty()) return false;
  const std::string lower = CLI::detail::to_lower(value);
  if (row.same == "false") return lower == "false" || lower == "0";
  if (row.same == "true") return lower == "true" || lower == "1";
  return value == row.same;
}

}  // namespace

OtherFlags::OtherFlags() : given_(std::size(kRows)) {}

void OtherFlags::declare(CLI::App& app) {
  for (size_t i = 0; i < std::size(kRows); ++i) {
    const bool refused = kRows[i].verdict == Verdict::kRefuse;
    app.add_option(kRows[i].flag, given_[i],
                   fmt::format("{}: {}", refused ? "refused" : "no effect", kRows[i].why))
        ->allow_extra_args(false)
        ->group("Flags of tritonserver that are not acted on");
  }
}

Result<std::vector<std::string>> OtherFlags::judge() const {
  std::vector<std::string> warnings;
  for (size_t i = 0; i < std::size(kRows); ++i) {
    const Row& row = kRows[i];
    for (const std::string& value : given_[i]) {
      if (is_what_is_done(row, value)) continue;
      if (row.verdict == Verdict::kRefuse)
        return unsupported("{} {} is not offered: {}", row.flag, value, row.why);
      warnings.push_back(fmt::format("{} {} has no effect: {}", row.flag, value, row.why));
    }
  }
  return warnings;
}

}  // namespace ridgeline::cli
