#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "cost/analysis.h"

namespace ridgeline::cost {

/// One line of an engine's profile: the layers that it ran as one, their names joined by '+', and how long
/// they took.
struct TimedLayers {
  std::string names;
  double seconds = 0;
};

/// Layers that ran as one, and what they did together.
struct Attained {
  std::vector<size_t> layers;  ///< indices into the analysis, ascending; the engine's own work has none
  std::string names;           ///< as the profile has them
  double seconds = 0;
  double flops = 0;
  double bytes = 0;  ///< what stays inside is not moved; a layer on its own moves its ideal traffic

  double flops_per_s() const { return seconds > 0 ? flops / seconds : 0; }
  double intensity() const { return bytes > 0 ? flops / bytes : 0; }
  /// The layer of the most FLOPs, which the others were fused to; there is at least one.
  size_t main_layer(const Analysis& analysis) const;
};

/// A profile laid over an analysis.
struct Attainment {
  std::vector<Attained> parts;         ///< one per line of the profile, in its order
  std::vector<std::string> unmatched;  ///< lines that name no layer: layout changes and the like
  std::vector<std::string> untimed;    ///< layers with work of their own that no line names
  double seconds = 0;                  ///< of all lines
  double matched_seconds = 0;          ///< of those that name a layer
};

/// Matches by name; a layer that several lines name belongs to the first of them. `analysis` is of `graph`.
Attainment attain(const Graph& graph, const ValueTypes& types, const Analysis& analysis,
                  std::span<const TimedLayers> profile);

}  // namespace ridgeline::cost
