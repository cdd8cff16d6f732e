#pragma once

#include <limits>
#include <optional>

#include "graph/graph.h"

namespace ridgeline::passes {

/// The bounds that a Relu or a Clip sets.
struct Clamp {
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();

  /// What this one does and `next` after it.
  Clamp then(const Clamp& next) const;
  bool operator==(const Clamp&) const = default;
};

/// None for another node, and for a Clip whose bounds are computed at run time. Absent bounds of a Clip are
/// the type's own limits.
std::optional<Clamp> clamp_of(const Graph& graph, const Node& node);

}  // namespace ridgeline::passes
