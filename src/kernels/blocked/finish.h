#pragma once

#include <algorithm>
#include <span>

#include "kernels/blocked/block.h"
#include "kernels/conv.h"
#include "kernels/tile/clamp.h"

namespace ridgeline::kernels::blocked {

/// The biases of `lanes` channels from `first` on, with zeros past the last; null where there is none.
/// `lanes` is written to where channels end before it.
inline const float* padded_bias(const ConvDesc& desc, const float* bias, int64_t first,
                                std::span<float> lanes) {
  if (!desc.has_bias) return nullptr;
  if (first + static_cast<int64_t>(lanes.size()) <= desc.out_channels) return bias + first;
  const auto count = static_cast<int64_t>(lanes.size());
  std::fill(std::copy_n(bias + first, std::min(count, desc.out_channels - first), lanes.data()),
            lanes.data() + count, 0.0F);
  return lanes.data();
}

/// What is done to sums last: results_to(activation(sums_to(sum + bias) + residual)).
struct Finish {
  explicit Finish(const Activation& activation) : kind(activation.kind), clamp(tile::clamp_of(activation)) {}
  explicit Finish(const ConvDesc& desc) : Finish(desc.activation) {
    sums_to = desc.sums_to;
    results_to = desc.results_to;
  }

  /// What most kernels finish with. All the rest changes results after they were stored.
  bool is_bounded() const {
    const bool is_curved = kind == Activation::Kind::kSilu || kind == Activation::Kind::kHardSwish;
    return !is_curved && sums_to.is_none() && results_to.is_none();
  }

  const float* bias = nullptr;      ///< of the panel's or the block's channels, or null
  const float* residual = nullptr;  ///< as the results lie, or null
  Activation::Kind kind;
  tile::Clamp clamp;
  Rounding sums_to{}, results_to{};
};

}  // namespace ridgeline::kernels::blocked
