#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "tensor/tensor.h"
#include "vision/preprocess.h"

namespace ridgeline::predict {

/// Some images as a model takes them.
struct SampleImages {
  std::vector<Tensor> batches;       ///< all of one shape
  int64_t count = 0;                 ///< images in all batches
  std::vector<std::string> skipped;  ///< one line for each bad file
};

/// About `count` images spread evenly over a folder; fewer where it has fewer, at least one or
/// kInvalidArgument.
Result<SampleImages> sample_folder(const std::string& folder, const vision::Preprocessing& how,
                                   int64_t count);

/// `count` flowers painted in memory, the same each time.
Result<SampleImages> paint_samples(const vision::Preprocessing& how, int64_t count);

}  // namespace ridgeline::predict
