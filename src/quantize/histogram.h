#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/status.h"

namespace ridgeline::quantize {

/// How often magnitudes occur on each side of zero. All bins have one width, a power of two that follows the
/// largest magnitude; merging bins is then exact, and the order in which values come does not matter. Exact
/// zeros, which every scale represents, are counted apart.
class Histogram {
 public:
  static constexpr size_t kBins = 4096;  ///< from 2048 on are in use
  using Bins = std::array<uint64_t, kBins>;

  /// kInvalidArgument, naming `what`, on a NaN or an infinity; nothing is added then.
  Status add(std::span<const float> values, std::string_view what);

  /// The least range that holds all values and zero.
  float lowest() const { return lowest_; }
  float highest() const { return highest_; }
  double bin_width() const;
  /// By magnitude: bin i holds [i, i + 1) · bin_width().
  const Bins& below_zero() const { return below_zero_; }
  const Bins& above_zero() const { return above_zero_; }
  uint64_t count() const { return count_; }  ///< zeros included

 private:
  /// Widens the bins until `magnitude` has one.
  void make_room_for(float magnitude);

  float lowest_ = 0;
  float highest_ = 0;
  int exponent_ = kSmallestExponent;  ///< of the bin width
  uint64_t count_ = 0;
  Bins below_zero_{};
  Bins above_zero_{};

  static constexpr int kSmallestExponent = -149;  ///< of FP32's smallest value
};

}  // namespace ridgeline::quantize
