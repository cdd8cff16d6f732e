#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "quantize/histogram.h"

namespace ridgeline::quantize {

/// Hands all images to `take`, batch after batch, each time it is called: a tensor of one and the same shape
/// whose first `count` images are meant.
using ImageBatches =
    std::function<Status(const std::function<Status(const Tensor& images, int64_t count)>& take)>;

struct ObserveOptions {
  const Engine& engine;
  int threads = 1;
  Shape batch_shape;                        ///< of the graph's only input
  int64_t most_bytes = int64_t{512} << 20;  ///< of observed values that exist at a time
};

/// Runs the images through the graph, with `values` as further outputs, and counts what they were. Values
/// that need more memory together than the options allow are observed in several passes over the images.
/// kUnsupported where the graph has other inputs than the images.
Result<std::map<std::string, Histogram>> observe(const Graph& prepared,
                                                 const std::vector<std::string>& values,
                                                 const ImageBatches& batches, const ObserveOptions& options);

}  // namespace ridgeline::quantize
