#pragma once

#include <memory>

#include "engine/engine.h"

namespace ridgeline {

/// An engine that computes nothing: any graph whose shapes can be told, at every precision, with zeros for
/// outputs. What a call of it takes is what everything around engines costs.
std::unique_ptr<Engine> make_null_engine();

}  // namespace ridgeline
