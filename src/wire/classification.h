#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "wire/infer.h"

namespace ridgeline::wire {

/// The best classes of an output: BYTES elements "VALUE:INDEX[:LABEL]".
struct Classes {
  Shape shape;                   ///< [batch, classes]; [classes] for an output without a batch
  std::vector<std::byte> bytes;  ///< a BYTES tensor
};

/// The `count` largest elements of each item, largest first and the lower index first among equals; NaN is
/// below all. `batched`: the first dimension counts items. `labels` may be empty or short. kInvalidArgument
/// for a datatype without an order.
Result<Classes> best_classes(const OutputTensor& output, uint64_t count, bool batched,
                             std::span<const std::string> labels);

}  // namespace ridgeline::wire
