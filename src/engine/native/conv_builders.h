#pragma once

#include "engine/native/step.h"
#include "kernels/conv.h"
#include "kernels/select.h"

namespace ridgeline::native {

/// What a Conv or FusedConv is described by.
struct ConvNode {
  const Node& node;
  const Shape& x;
  const Shape& weights;
  bool has_constant_weights = false;
  int threads = 1;
};
/// kUnsupported, naming the node, for ranks that no kernel takes.
Result<kernels::ConvDesc> describe(const ConvNode& conv);

/// The chosen implementation's step, for inputs and outputs that lie as it wants them.
Result<Built> build_conv(const BuildContext& context, const kernels::ConvDesc& desc,
                         kernels::Choice<kernels::ConvImpl> choice);

}  // namespace ridgeline::native
