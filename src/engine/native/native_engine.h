#pragma once

#include <memory>

#include "engine/engine.h"

namespace ridgeline {

/// Ridgeline's own engine: reference kernels behind the ordered lists, FP32 on the CPU.
std::unique_ptr<Engine> make_native_engine();

}  // namespace ridgeline
