// Included by files that set kernels::vector::kLanes, once for each instruction set.

#pragma once

#include "kernels/blocked/finish.h"
#include "kernels/vector/functions_body.h"

namespace ridgeline::kernels::blocked {
namespace {

using vector::kLanes;
using vector::load;
using vector::store;
using vector::Vector;

inline Vector rounded(const Rounding& rounding, Vector x) {
  if (rounding.is_none()) return x;
  x *= 1 / rounding.scale;
  x = x > rounding.low ? x : vector::splat(rounding.low);
  x = x < rounding.high ? x : vector::splat(rounding.high);
  return vector::rounded(x) * rounding.scale;
}

inline Vector silu_of(Vector x) { return x * vector::sigmoid_of(x); }
inline Vector hard_swish_of(Vector x) { return x * vector::clamped(x * (1.0F / 6) + 0.5F, 0, 1); }

inline Vector activated(const Finish& finish, Vector value) {
  if (finish.kind == Activation::Kind::kSilu) return silu_of(value);
  if (finish.kind == Activation::Kind::kHardSwish) return hard_swish_of(value);
  return vector::clamped(value, finish.clamp.low, finish.clamp.high);
}

/// `channel` of the bias, `at` of the residual. NaN passes.
inline Vector finished(const Finish& finish, Vector value, int64_t channel, int64_t at) {
  if (finish.bias != nullptr) value += load(finish.bias + channel);
  value = rounded(finish.sums_to, value);
  if (finish.residual != nullptr) value += load(finish.residual + at);
  return rounded(finish.results_to, activated(finish, value));
}

/// What most kernels finish with, few enough instructions to stand wherever a sum is ready; the rest is left
/// to finish_stored, so that those places stay small.
/// A view: a copy's members would be read in pairs, which waits until all that was stored before, results
/// too, has left the core where the pair's halves were stored apart.
class Bounds {
 public:
  explicit Bounds(const Finish& finish) : finish_(&finish) {}

  Vector bias(int64_t channel) const {
    return finish_->bias != nullptr ? load(finish_->bias + channel) : Vector{};
  }
  const float* residual() const { return finish_->residual; }
  Vector of(Vector value) const { return vector::clamped(value, finish_->clamp.low, finish_->clamp.high); }

 private:
  const Finish* finish_;
};

template <typename Function>
inline void change_stored(float* values, int64_t positions, const Function& function) {
#pragma GCC unroll 4
  for (float* const end = values + positions * kBlock; values != end; values += kBlock)
    store(values, function(load(values)));
}

/// finished() of sums that were stored, for as many positions of a block.
[[gnu::noinline]] inline void finish_stored(const Finish& finish, float* values, int64_t positions,
                                            int64_t channel, int64_t at) {
  const bool is_bare = finish.residual == nullptr && finish.sums_to.is_none() && finish.results_to.is_none();
  const Vector bias = finish.bias != nullptr ? load(finish.bias + channel) : Vector{};
  if (is_bare && finish.kind == Activation::Kind::kSilu)
    return change_stored(values, positions, [bias](Vector sum) { return silu_of(sum + bias); });
  if (is_bare && finish.kind == Activation::Kind::kHardSwish)
    return change_stored(values, positions, [bias](Vector sum) { return hard_swish_of(sum + bias); });
  for (int64_t i = 0; i < positions * kBlock; i += kBlock)
    store(values + i, finished(finish, load(values + i), channel, at + i));
}

}  // namespace
}  // namespace ridgeline::kernels::blocked
