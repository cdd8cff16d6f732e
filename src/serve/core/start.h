#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "serve/core/backend.h"
#include "serve/core/service.h"
#include "serve/observe/log.h"
#include "serve/scheduling/rate_limiter.h"

namespace ridgeline::serve {

/// Who says which models are served (--model-control-mode).
enum class ControlMode : uint8_t {
  kNone,     ///< all that the repositories hold, as they are at the start
  kPoll,     ///< all, looked at again and again
  kExplicit  ///< those named at the start, and what clients load and unload
};

struct ServiceOptions {
  std::vector<std::string> repositories;
  ControlMode mode = ControlMode::kNone;
  std::chrono::seconds poll_every{15};   ///< kPoll
  std::vector<std::string> load_models;  ///< kExplicit: what is loaded at the start; "*" stands for all
  std::map<std::string, std::vector<NamedShapes>> warm;  ///< by model, see ModelSource
  bool strict_readiness = true;  ///< ready() only while every model that was asked for is
  bool exit_on_error = true;     ///< one model that fails at the start keeps the server from starting
  size_t load_threads = 4;       ///< models that load at the same time
  bool rate_limited = false;     ///< --rate-limit=execution_count: groups' rate_limiter is held
  std::vector<ResourceLimit> resources;
  uint64_t cache_bytes = 0;         ///< of answers kept; 0: none
  int64_t cores = 0;                ///< that all instances' threads share; 0: those that this process may use
  bool threads_may_exceed = false;  ///< configured thread counts hold even where they add up to more
  bool client_shared_memory = false;                          ///< clients may register regions
  wire::http::TraceSettings trace;                            ///< the server's own at the start
  std::string trace_url = "http://localhost:4318/v1/traces";  ///< the collector of mode opentelemetry
  std::shared_ptr<Log> log;                                   ///< none: one to standard error
};

/// Reads the repositories, loads what the mode says and returns when each of those models is ready or has
/// failed. Errors name the repository, the model or the flag; a model that fails is one only with
/// exit_on_error. Destroying the service answers what still waits with an error and waits for what executes.
Result<std::unique_ptr<Service>> start_service(ServiceOptions options, Backends backends);

}  // namespace ridgeline::serve
