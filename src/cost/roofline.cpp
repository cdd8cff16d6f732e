#include "cost/roofline.h"

#include <algorithm>

namespace ridgeline::cost {

std::string_view name_of(Bound bound) { return bound == Bound::kCompute ? "compute" : "memory"; }

double Roof::attainable_flops_per_s(double intensity) const {
  return std::min(flops_per_s, intensity * bytes_per_s);
}

double Roof::least_seconds(double flops, double bytes) const {
  return std::max(flops / flops_per_s, bytes / bytes_per_s);
}

}  // namespace ridgeline::cost
