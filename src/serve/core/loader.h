#pragma once

#include <cstdint>
#include <memory>

#include "base/status.h"
#include "serve/core/answer_cache.h"
#include "serve/core/backend.h"
#include "serve/core/models.h"
#include "serve/core/reaper.h"
#include "serve/core/resource_gate.h"
#include "serve/core/served_model.h"
#include "serve/core/tracer.h"
#include "serve/core/watch.h"
#include "serve/observe/log.h"
#include "serve/repository/model_folder.h"

namespace ridgeline::serve {

/// What every version of every model is given; belongs to the server, which outlives them all.
struct Surroundings {
  const Backends* backends = nullptr;
  std::shared_ptr<SharedMemory> memory;
  Watch* watch = nullptr;
  ResourceGate* gate = nullptr;
  bool rate_limited = false;
  const std::map<std::string, std::vector<NamedShapes>>* warm = nullptr;  ///< as in ServiceOptions
  Host* host = nullptr;  ///< for models that call or change others
  std::shared_ptr<Traffic> traffic;
  std::shared_ptr<Tracer> tracer;
  std::shared_ptr<AnswerCache> cache;  ///< none: no answers are kept
  Log* log = nullptr;
};

/// Loads one version of a model, makes its instances with `threads` each and warms them up. Any thread; takes
/// as long as the backend does. Errors are the backend's, or name the configuration's field.
Result<std::unique_ptr<ServedVersion>> load_version(const ModelFolder& folder, int64_t version, int threads,
                                                    const Surroundings& server);

/// The same of an ensemble, which needs no loading. `models`: where its steps are found; outlives it.
std::unique_ptr<ServedVersion> make_ensemble(const ModelFolder& folder, int64_t version, const Models& models,
                                             const Surroundings& server);

}  // namespace ridgeline::serve
