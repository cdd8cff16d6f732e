#pragma once

#include <memory>

#include "serve/backends/engine_model.h"
#include "serve/core/backend.h"

namespace ridgeline::serve {

/// A model on its engine at a place: every bucket of the shapes that the configuration fixes, or that the
/// model is to be warm for, is compiled and has run.
Result<std::unique_ptr<Instance>> make_engine_instance(std::shared_ptr<const EngineModel> model, Place place);

}  // namespace ridgeline::serve
