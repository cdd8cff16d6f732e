#pragma once

#include <functional>

#include "base/status.h"

namespace ridgeline::quantize {

/// How many of the worst layers stay in float.
struct SearchResult {
  size_t float_layers = 0;
  bool reached = false;  ///< the goal holds there
  size_t trials = 0;
};

/// The least number k for which `holds(k)` says that the goal is met with the k worst of `layers` layers in
/// float, as far as trials at 0, 1, 2, 4 … layers − 1 and then by halves between the last two find it; all
/// layers, not reached, where none of these holds. Errors of `holds` end it.
Result<SearchResult> search_float_layers(size_t layers, const std::function<Result<bool>(size_t)>& holds);

}  // namespace ridgeline::quantize
