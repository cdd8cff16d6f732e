#pragma once

#include <optional>
#include <span>

#include "base/status.h"
#include "engine/engine.h"
#include "tensor/tensor.h"

namespace ridgeline {

/// How far an engine's outputs are from the reference's, over all outputs.
struct Agreement {
  double max_abs_diff = 0;
  double scale = 0;   ///< largest absolute value of the reference
  double cosine = 1;  ///< of all elements as one vector
  /// Share of positions at which the largest element along axis 1 of the first output (rank 2 or more) is the
  /// same.
  std::optional<double> top1_agreement;
};

/// kInvalidArgument when the two differ in count, type or shape, or one has a NaN or infinity where the other
/// has none.
Result<Agreement> compare_outputs(std::span<const Tensor> reference, std::span<const Tensor> outputs);

/// What a precision may cost before its outputs count as wrong. Random weights leave near-ties among the
/// classes, so top-1 agreement is reported and not bounded.
struct AgreementBound {
  double relative_diff;  ///< of max_abs_diff to scale
  double cosine;         ///< at least
};
AgreementBound bound_of(Precision precision);

/// kInvalidArgument with the figure that is out of bounds.
Status check_agreement(const Agreement& agreement, Precision precision);

}  // namespace ridgeline
