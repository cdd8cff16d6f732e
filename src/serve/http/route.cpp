#include "serve/http/route.h"

#include <algorithm>
#include <array>

namespace ridgeline::serve::http {
namespace {

/// {m}, {v} and {r} stand for a model, its version and a shared-memory region; {s} for a repository's name,
/// which chooses nothing here.
struct Row {
  std::string_view method;
  std::string_view path;
  Endpoint endpoint;
};

/// The first row that fits counts: a model cannot be called "stats".
constexpr std::array kRows = {
    Row{"POST", "/v2/models/{m}/infer", Endpoint::kInfer},
    Row{"POST", "/v2/models/{m}/versions/{v}/infer", Endpoint::kInfer},
    Row{"GET", "/v2/health/live", Endpoint::kServerLive},
    Row{"GET", "/v2/health/ready", Endpoint::kServerReady},
    Row{"GET", "/v2", Endpoint::kServerMetadata},
    Row{"GET", "/v2/models", Endpoint::kModels},
    Row{"GET", "/v2/models/stats", Endpoint::kModelStatistics},
    Row{"GET", "/v2/models/{m}", Endpoint::kModelMetadata},
    Row{"GET", "/v2/models/{m}/versions/{v}", Endpoint::kModelMetadata},
    Row{"GET", "/v2/models/{m}/ready", Endpoint::kModelReady},
    Row{"GET", "/v2/models/{m}/versions/{v}/ready", Endpoint::kModelReady},
    Row{"GET", "/v2/models/{m}/config", Endpoint::kModelConfig},
    Row{"GET", "/v2/models/{m}/versions/{v}/config", Endpoint::kModelConfig},
    Row{"GET", "/v2/models/{m}/stats", Endpoint::kModelStatistics},
    Row{"GET", "/v2/models/{m}/versions/{v}/stats", Endpoint::kModelStatistics},
    Row{"POST", "/v2/models/{m}/generate", Endpoint::kGenerate},
    Row{"POST", "/v2/models/{m}/versions/{v}/generate", Endpoint::kGenerate},
    Row{"POST", "/v2/models/{m}/generate_stream", Endpoint::kGenerateStream},
    Row{"POST", "/v2/models/{m}/versions/{v}/generate_stream", Endpoint::kGenerateStream},
    Row{"POST", "/v2/repository/index", Endpoint::kRepositoryIndex},
    Row{"POST", "/v2/repository/{s}/index", Endpoint::kRepositoryIndex},
    Row{"POST", "/v2/repository/models/{m}/load", Endpoint::kModelLoad},
    Row{"POST", "/v2/repository/{s}/models/{m}/load", Endpoint::kModelLoad},
    Row{"POST", "/v2/repository/models/{m}/unload", Endpoint::kModelUnload},
    Row{"POST", "/v2/repository/{s}/models/{m}/unload", Endpoint::kModelUnload},
    Row{"GET", "/v2/systemsharedmemory/status", Endpoint::kSystemMemoryStatus},
    Row{"GET", "/v2/systemsharedmemory/region/{r}/status", Endpoint::kSystemMemoryStatus},
    Row{"POST", "/v2/systemsharedmemory/region/{r}/register", Endpoint::kSystemMemoryRegister},
    Row{"POST", "/v2/systemsharedmemory/region/{r}/unregister", Endpoint::kSystemMemoryUnregister},
    Row{"POST", "/v2/systemsharedmemory/unregister", Endpoint::kSystemMemoryUnregister},
    Row{"GET", "/v2/cudasharedmemory/status", Endpoint::kCudaMemoryStatus},
    Row{"GET", "/v2/cudasharedmemory/region/{r}/status", Endpoint::kCudaMemoryStatus},
    Row{"POST", "/v2/cudasharedmemory/region/{r}/register", Endpoint::kCudaMemoryRegister},
    Row{"POST", "/v2/cudasharedmemory/region/{r}/unregister", Endpoint::kCudaMemoryUnregister},
    Row{"POST", "/v2/cudasharedmemory/unregister", Endpoint::kCudaMemoryUnregister},
    Row{"GET", "/v2/trace/setting", Endpoint::kTraceSetting},
    Row{"POST", "/v2/trace/setting", Endpoint::kTraceSetting},
    Row{"GET", "/v2/models/{m}/trace/setting", Endpoint::kTraceSetting},
    Row{"POST", "/v2/models/{m}/trace/setting", Endpoint::kTraceSetting},
    Row{"GET", "/v2/logging", Endpoint::kLogging},
    Row{"POST", "/v2/logging", Endpoint::kLogging},
};

/// The part before the next slash, which goes too.
std::string_view take_segment(std::string_view& path) {
  const size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(std::min(end + 1, path.size()));
  return segment;
}

bool is_version(std::string_view segment) {
  return std::all_of(segment.begin(), segment.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool fits(std::string_view pattern, std::string_view segment, Route& route) {
  if (segment.empty()) return false;
  if (pattern == "{v}" && !is_version(segment)) return false;
  if (pattern == "{m}")
    route.model = segment;
  else if (pattern == "{v}")
    route.version = segment;
  else if (pattern == "{r}")
    route.region = segment;
  else
    return pattern == "{s}" || pattern == segment;
  return true;
}

/// Neither side ends in a slash, so both run out together or not at all.
bool matches(std::string_view pattern, std::string_view path, Route& route) {
  pattern.remove_prefix(1);
  path.remove_prefix(1);
  while (!pattern.empty() && !path.empty())
    if (!fits(take_segment(pattern), take_segment(path), route)) return false;
  return pattern.empty() && path.empty();
}

}  // namespace

Routed route(std::string_view method, std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  Routed routed{.status = 404, .route = {}};
  if (!path.starts_with('/') || path.ends_with('/')) return routed;
  for (const Row& row : kRows) {
    Route found{.endpoint = row.endpoint, .model = {}, .version = {}, .region = {}};
    if (!matches(row.path, path, found)) continue;
    if (row.method == method) return {.status = 200, .route = found};
    routed.status = 405;
  }
  return routed;
}

std::string_view access_class(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::kServerLive:
    case Endpoint::kServerReady:
    case Endpoint::kModelReady:
      return "health";
    case Endpoint::kServerMetadata:
    case Endpoint::kModels:
    case Endpoint::kModelMetadata:
      return "metadata";
    case Endpoint::kModelConfig:
      return "model-config";
    case Endpoint::kModelStatistics:
      return "statistics";
    case Endpoint::kInfer:
    case Endpoint::kGenerate:
    case Endpoint::kGenerateStream:
      return "inference";
    case Endpoint::kRepositoryIndex:
    case Endpoint::kModelLoad:
    case Endpoint::kModelUnload:
      return "model-repository";
    case Endpoint::kSystemMemoryStatus:
    case Endpoint::kSystemMemoryRegister:
    case Endpoint::kSystemMemoryUnregister:
    case Endpoint::kCudaMemoryStatus:
    case Endpoint::kCudaMemoryRegister:
    case Endpoint::kCudaMemoryUnregister:
      return "shared-memory";
    case Endpoint::kTraceSetting:
      return "trace";
    case Endpoint::kLogging:
      return "logging";
  }
  return "";
}

}  // namespace ridgeline::serve::http
