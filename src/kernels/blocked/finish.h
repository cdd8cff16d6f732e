#pragma once

#include "kernels/activation.h"
#include "kernels/blocked/block.h"
#include "kernels/tile/clamp.h"

namespace ridgeline::kernels::blocked {

/// What is done to sums last: activation(sum + bias + residual).
struct Finish {
  explicit Finish(const Activation& activation) : kind(activation.kind), clamp(tile::clamp_of(activation)) {}

  const float* bias = nullptr;      ///< of the panel's or the block's channels, or null
  const float* residual = nullptr;  ///< as the results lie, or null
  Activation::Kind kind;
  tile::Clamp clamp;
};

}  // namespace ridgeline::kernels::blocked
