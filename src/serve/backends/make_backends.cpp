#include "serve/backends/backends.h"

namespace ridgeline::serve {

Backends make_backends(PythonOptions python) {
  Backends backends = engine_backends(std::make_shared<const EngineRegistry>());
  backends.emplace("image", image_backend());
  backends.emplace("identity", identity_backend());
  backends.emplace("python", python_backend(std::move(python)));
  return backends;
}

}  // namespace ridgeline::serve
