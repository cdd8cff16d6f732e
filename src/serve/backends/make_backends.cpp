#include "serve/backends/backends.h"

namespace ridgeline::serve {

Backends threaded_backends() {
  Backends backends = engine_backends(std::make_shared<const EngineRegistry>(PlanCache::kOn));
  backends.emplace("image", image_backend());
  backends.emplace("identity", identity_backend());
  return backends;
}

Backends make_backends(PythonOptions python, const IsolationOptions& isolation) {
  Backends backends;
  for (auto& [name, backend] : threaded_backends())
    backends.emplace(name, isolated_backend(std::move(backend), isolation));
  backends.emplace("python", python_backend(std::move(python)));
  return backends;
}

}  // namespace ridgeline::serve
