#pragma once

#include <string>

#include "engine/native/step.h"
#include "graph/graph.h"
#include "kernels/pixels/pixel_image.h"

namespace ridgeline::native {

/// An image that a ReadPixels (graph/passes) makes of an input of bytes: first layers that can read it there.
struct PixelSource {
  std::string nodes;
  size_t slot = 0;  ///< of the bytes
  kernels::pixels::PixelImage image;
  Tensor steps{};  ///< which `image` looks into; empty where levels stand for FP32
};

/// kUnsupported, naming the node, where it does not read `x` as the pass writes it.
Result<PixelSource> describe_pixels(const Node& node, size_t slot, const Shape& x);

/// The step that makes the whole image, in planes, for layers that can't.
Step make_image(const PixelSource& source, int64_t batch, size_t out, const CpuFeatures& cpu);

}  // namespace ridgeline::native
