#include "quantize/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ridgeline::quantize {
namespace {

constexpr int kBinBits = std::countr_zero(Histogram::kBins);

void merge_bins(Histogram::Bins& bins, int shift) {
  if (shift >= kBinBits) shift = kBinBits;
  for (size_t i = 1; i < bins.size(); ++i) {
    const uint64_t moved = bins[i];
    bins[i] = 0;
    bins[i >> shift] += moved;
  }
}

}  // namespace

double Histogram::bin_width() const { return std::ldexp(1.0, exponent_); }

void Histogram::make_room_for(float magnitude) {
  int exponent = 0;
  std::frexp(magnitude, &exponent);  // magnitude < 2^exponent
  const int wanted = exponent - kBinBits;
  if (magnitude == 0 || wanted <= exponent_) return;
  merge_bins(below_zero_, wanted - exponent_);
  merge_bins(above_zero_, wanted - exponent_);
  exponent_ = wanted;
}

Status Histogram::add(std::span<const float> values, std::string_view what) {
  float lowest = lowest_;
  float highest = highest_;
  bool finite = true;
  for (const float value : values) {
    finite &= std::isfinite(value);
    lowest = std::min(lowest, value);
    highest = std::max(highest, value);
  }
  if (!finite) return invalid_argument("{}: a NaN or an infinity among its values", what);
  lowest_ = lowest;
  highest_ = highest;
  make_room_for(std::max(-lowest, highest));
  const double per_bin = 1 / bin_width();
  for (const float value : values) {
    if (value > 0) ++above_zero_[static_cast<size_t>(double{value} * per_bin)];
    if (value < 0) ++below_zero_[static_cast<size_t>(-double{value} * per_bin)];
  }
  count_ += values.size();
  return {};
}

}  // namespace ridgeline::quantize
