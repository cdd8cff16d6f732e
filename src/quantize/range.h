#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "quantize/histogram.h"

namespace ridgeline::quantize {

/// How a tensor's range is chosen from what was seen of it.
enum class Method {
  kMinMax,      ///< all that was seen
  kEntropy,     ///< the clipping whose 8-bit picture loses the least information
  kPercentile,  ///< all but the outermost share of the values
};
std::string_view name_of(Method method);  // "minmax" "entropy" "percentile"
std::optional<Method> method_from_name(std::string_view name);

inline constexpr double kDefaultPercentile = 99.99;

/// What the 8-bit numbers span; low ≤ 0 ≤ high.
struct Range {
  float low = 0;
  float high = 0;

  bool operator==(const Range&) const = default;
};

/// `percentile`, in percent, belongs to kPercentile: what lies outside is split between the two ends where
/// values have both signs. kEntropy is the search of S. Migacz, "8-bit Inference with TensorRT" (GTC 2017):
/// of all clippings of the magnitudes the one that has the least Kullback-Leibler divergence between their
/// distribution, outliers counted in its last bin, and the same in as many levels as 8 bits give (255 for
/// values of one sign, 127 else).
Range range_of(const Histogram& seen, Method method, double percentile = kDefaultPercentile);

/// real = scale · (quantized − zero_point).
struct ActivationScale {
  float scale = 1;
  uint8_t zero_point = 0;
};

/// scale = (high − low) / 255, zero_point = round(−low / scale), so that zero is exact (B. Jacob et al.,
/// "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", CVPR
/// 2018). A range of nothing but zero has scale 1.
ActivationScale activation_scale(Range range);

/// scale = max |w| / 127 for each of `channels` (element i belongs to channel i / inner % channels), the zero
/// point is 0. A channel of zeros takes the largest scale of the others, or 1.
std::vector<float> weight_scales(std::span<const float> weights, int64_t channels, int64_t inner);

}  // namespace ridgeline::quantize
