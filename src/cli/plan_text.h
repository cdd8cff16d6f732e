#pragma once

#include <string>

#include "base/json.h"
#include "engine/native/explain.h"

namespace ridgeline::cli {

/// {weights_bytes, arena_bytes, steps: [{name, op, kernel, out: [[…]], refused: [{kernel, reason}]}]}.
Json plan_json(const native::Explanation& explanation);
/// A line for each step, with the refusals below it.
std::string plan_text(const native::Explanation& explanation);

}  // namespace ridgeline::cli
