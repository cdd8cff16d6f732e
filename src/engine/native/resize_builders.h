#pragma once

#include <vector>

#include "engine/native/step.h"
#include "graph/ops/resize.h"
#include "kernels/ref/resize.h"

namespace ridgeline::native {

/// A Resize whose sizes are known, with one element for each axis.
struct ResizePlan {
  ResizeRule rule;
  std::vector<AxisResize> axes;
};

/// Of an input and an output of these shapes. kUnsupported for scales or sizes that are computed at run time.
Result<ResizePlan> plan_resize(const BuildContext& context, const Shape& in, const Shape& out);

/// Whether outputs may lie off the image.
bool crops(const ResizeRule& rule);

/// The taps of an axis of a rule that doesn't crop: one where it is nearest or stays as it is.
kernels::ref::SampledAxis sampled_axis(const ResizeRule& rule, const AxisResize& axis);

}  // namespace ridgeline::native
