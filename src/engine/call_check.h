#pragma once

#include <span>

#include "engine/engine.h"

namespace ridgeline {

/// The promise of Session::run: as many inputs and outputs as the signature has, of its types and shapes,
/// inputs with data; an output may have null data, and must where its shape depends on the data.
/// kInvalidArgument names the value and both shapes otherwise.
Status check_call(const Signature& signature, std::span<const TensorView> in,
                  std::span<const TensorView> out);

/// The half of check_call that concerns inputs.
Status check_inputs(const Signature& signature, std::span<const TensorView> in);

}  // namespace ridgeline
