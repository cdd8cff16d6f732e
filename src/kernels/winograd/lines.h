#pragma once

#include "kernels/lines/conv.h"
#include "kernels/winograd/schedule.h"

/// What a LineConvImpl needs, for images in lines of single numbers: tiles are transformed and multiplied in
/// FP32, whose products large tiles make so few that BF16's dot products take longer.
namespace ridgeline::kernels::winograd {

struct LineKernels {
  BlockedKernels blocked;
  const LineTileKernels& lines;
};

/// Refuses what dot products are expected to compute sooner.
Status accepts_lines(const LineKernels& kernels, const lines::LineConvDesc& desc, const Rates& rates);
void lines_conv(const LineKernels& kernels, const lines::LineConvDesc& desc, const lines::LineConvArgs& args,
                ThreadPool& pool);

}  // namespace ridgeline::kernels::winograd
