#include "serve/backends/backends.h"

namespace ridgeline::serve {

Backends make_backends() { return engine_backends(std::make_shared<const EngineRegistry>()); }

}  // namespace ridgeline::serve
