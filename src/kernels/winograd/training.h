#pragma once

#include "kernels/winograd/conv3x3.h"

/// A convolution as training needs it: weights and their gradient are [out_channels, 3, 3, in_channels], and
/// means.weights is scratch too.
namespace ridgeline::kernels::winograd {

/// The best kernels of this CPU, or the reason why this case is for none.
Result<const TileKernels*> choose(const Conv3x3& conv, const CpuFeatures& cpu);

void forward(const Conv3x3& conv, const Means& means, const float* x, const float* weights, float* y);
void input_gradient(const Conv3x3& conv, const Means& means, const float* dy, const float* weights,
                    float* dx);
void weight_gradient(const Conv3x3& conv, const Means& means, const float* x, const float* dy,
                     float* dweights);

}  // namespace ridgeline::kernels::winograd
