#pragma once

#include <string_view>

namespace ridgeline::cost {

/// What limits a piece of work: the arithmetic units or the memory's bandwidth.
enum class Bound { kCompute, kMemory };
std::string_view name_of(Bound bound);  // "compute" "memory"

/// A device's two limits at one precision (Williams, Waterman, Patterson: "Roofline", CACM 52(4), 2009).
struct Roof {
  double flops_per_s = 0;
  double bytes_per_s = 0;

  /// The intensity, in FLOP per byte, from which on arithmetic is the limit.
  double ridge() const { return flops_per_s / bytes_per_s; }
  Bound bound_of(double intensity) const { return intensity >= ridge() ? Bound::kCompute : Bound::kMemory; }
  /// min(peak, intensity × bandwidth).
  double attainable_flops_per_s(double intensity) const;
  /// The least time in which `flops` can be done and `bytes` moved, the two overlapping.
  double least_seconds(double flops, double bytes) const;
};

}  // namespace ridgeline::cost
