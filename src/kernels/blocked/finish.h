#pragma once

#include <algorithm>
#include <span>

#include "kernels/blocked/block.h"
#include "kernels/conv.h"
#include "kernels/tile/clamp.h"

namespace ridgeline::kernels::blocked {

/// The biases of `lanes` channels from `first` on, with zeros past the last; null where there is none.
inline const float* padded_bias(const ConvDesc& desc, const float* bias, int64_t first,
                                std::span<float> lanes) {
  if (!desc.has_bias) return nullptr;
  const auto count = static_cast<int64_t>(lanes.size());
  std::fill(std::copy_n(bias + first, std::min(count, desc.out_channels - first), lanes.data()),
            lanes.data() + count, 0.0F);
  return lanes.data();
}

/// What is done to sums last: activation(sum + bias + residual).
struct Finish {
  explicit Finish(const Activation& activation) : kind(activation.kind), clamp(tile::clamp_of(activation)) {}

  const float* bias = nullptr;      ///< of the panel's or the block's channels, or null
  const float* residual = nullptr;  ///< as the results lie, or null
  Activation::Kind kind;
  tile::Clamp clamp;
};

}  // namespace ridgeline::kernels::blocked
