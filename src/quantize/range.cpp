#include "quantize/range.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace ridgeline::quantize {
namespace {

constexpr std::array kMethods = {Method::kMinMax, Method::kEntropy, Method::kPercentile};

/// How many values may lie beyond the end of the range on one side, and where it then is.
float cut_end(const Histogram::Bins& bins, double width, double beyond, float farthest) {
  uint64_t outside = 0;
  size_t used = bins.size();
  while (used > 0 && static_cast<double>(outside + bins[used - 1]) <= beyond) outside += bins[--used];
  return static_cast<float>(std::min(static_cast<double>(used) * width, double{farthest}));
}

Range percentile_range(const Histogram& seen, double percentile) {
  const bool has_both_signs = seen.lowest() < 0 && seen.highest() > 0;
  const double beyond = static_cast<double>(seen.count()) * (1 - percentile / 100) / (has_both_signs ? 2 : 1);
  return {-cut_end(seen.below_zero(), seen.bin_width(), beyond, -seen.lowest()),
          cut_end(seen.above_zero(), seen.bin_width(), beyond, seen.highest())};
}

/// KL divergence between the first `used` bins, all further ones counted in the last, and the same in
/// `levels` steps: each step's values are spread evenly over those of its bins that hold any. Both are
/// distributions after division by their sums; a bin that only the outliers fill would make the divergence
/// infinite, and takes kSmallest from the others instead.
double divergence(std::span<const double> bins, size_t used, double outliers, size_t levels) {
  constexpr double kSmallest = 1e-4;
  double total = outliers;
  double kept = 0;
  for (size_t i = 0; i < used; ++i) kept += bins[i];
  total += kept;
  if (kept == 0) return std::numeric_limits<double>::infinity();
  double sum = 0;
  for (size_t level = 0; level < levels; ++level) {
    const size_t first = level * used / levels;
    const size_t last = (level + 1) * used / levels;
    double mass = 0;
    size_t filled = 0;
    for (size_t i = first; i < last; ++i) {
      mass += bins[i];
      filled += bins[i] > 0 ? 1 : 0;
    }
    const double spread = filled == 0 ? 0 : mass / static_cast<double>(filled) / kept;
    for (size_t i = first; i < last; ++i) {
      const double p = (bins[i] + (i + 1 == used ? outliers : 0)) / total;
      const double q = bins[i] > 0 ? spread : 0;
      if (p > 0) sum += p * std::log(p / std::max(q, kSmallest / static_cast<double>(used)));
    }
  }
  return sum;
}

Range entropy_range(const Histogram& seen) {
  constexpr size_t kStep = 4;  // candidates differ by a thousandth of the range
  const size_t levels = seen.lowest() < 0 && seen.highest() > 0 ? 127 : 255;
  std::vector<double> bins(Histogram::kBins);
  for (size_t i = 0; i < bins.size(); ++i)
    bins[i] = static_cast<double>(seen.below_zero()[i]) + static_cast<double>(seen.above_zero()[i]);
  while (!bins.empty() && bins.back() == 0) bins.pop_back();
  double best = std::numeric_limits<double>::infinity();
  size_t best_used = bins.size();
  double outliers = 0;
  for (size_t used = bins.size(); used >= levels; used -= kStep) {
    if (const double found = divergence(bins, used, outliers, levels); found < best) {
      best = found;
      best_used = used;
    }
    for (size_t i = used; i > used - kStep; --i) outliers += bins[i - 1];
  }
  const double threshold = static_cast<double>(best_used) * seen.bin_width();
  return {static_cast<float>(std::max(double{seen.lowest()}, -threshold)),
          static_cast<float>(std::min(double{seen.highest()}, threshold))};
}

}  // namespace

std::string_view name_of(Method method) {
  switch (method) {
    case Method::kMinMax:
      return "minmax";
    case Method::kEntropy:
      return "entropy";
    case Method::kPercentile:
      return "percentile";
  }
  return "";
}

std::optional<Method> method_from_name(std::string_view name) {
  const auto found = std::ranges::find(kMethods, name, [](Method method) { return name_of(method); });
  return found == kMethods.end() ? std::nullopt : std::optional(*found);
}

Range range_of(const Histogram& seen, Method method, double percentile) {
  switch (method) {
    case Method::kEntropy:
      return entropy_range(seen);
    case Method::kPercentile:
      return percentile_range(seen, percentile);
    case Method::kMinMax:
      break;
  }
  return {seen.lowest(), seen.highest()};
}

ActivationScale activation_scale(Range range) {
  constexpr double kSteps = 255;
  const double width = double{range.high} - double{range.low};
  if (width == 0) return {};
  const float scale = std::max(static_cast<float>(width / kSteps), std::numeric_limits<float>::min());
  const double zero = std::nearbyint(-double{range.low} / double{scale});
  return {scale, static_cast<uint8_t>(std::clamp(zero, 0.0, kSteps))};
}

std::vector<float> weight_scales(std::span<const float> weights, int64_t channels, int64_t inner) {
  constexpr float kLargest = 127;
  std::vector<float> scales(static_cast<size_t>(channels));
  for (size_t i = 0; i < weights.size(); ++i) {
    float& largest = scales[i / static_cast<size_t>(inner) % scales.size()];
    largest = std::max(largest, std::abs(weights[i]));
  }
  for (float& scale : scales)
    if (scale > 0) scale = std::max(scale / kLargest, std::numeric_limits<float>::min());
  const float fallback = *std::ranges::max_element(scales) > 0 ? *std::ranges::max_element(scales) : 1;
  std::ranges::replace(scales, 0.0F, fallback);
  return scales;
}

}  // namespace ridgeline::quantize
