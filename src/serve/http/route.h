#pragma once

#include <string_view>

namespace ridgeline::serve::http {

enum class Endpoint {
  kServerMetadata,
  kServerLive,
  kServerReady,
  kModels,
  kModelMetadata,
  kModelReady,
  kModelConfig,
  kModelStatistics,
  kInfer,
  kGenerate,
  kGenerateStream,
  kRepositoryIndex,
  kModelLoad,
  kModelUnload,
  kSystemMemoryStatus,
  kSystemMemoryRegister,
  kSystemMemoryUnregister,
  kCudaMemoryStatus,
  kCudaMemoryRegister,
  kCudaMemoryUnregister,
  kTraceSetting,
  kLogging,
};

/// Where a request goes. The texts point into its target; empty where the path has none.
struct Route {
  Endpoint endpoint = Endpoint::kServerMetadata;
  std::string_view model;
  std::string_view version;
  std::string_view region;  ///< of shared memory
};

struct Routed {
  int status = 200;  ///< 404: no such path; 405: not with this method
  Route route;       ///< of 200
};

/// Triton's paths (and GET /v2/models) under the rules of its server: no trailing slash, nothing decoded, the
/// query ignored, versions in digits.
Routed route(std::string_view method, std::string_view target);

/// The class of an endpoint in --http-restricted-api, as Triton spells it: "inference", "health", ….
std::string_view access_class(Endpoint endpoint);

}  // namespace ridgeline::serve::http
