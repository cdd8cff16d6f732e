#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "serve/config/model_config.h"

/// Engines compile a model for a number of rows, batches have any. Pure: tables test it.
namespace ridgeline::serve {

/// The batch sizes that a model is compiled for, ascending: 1, the powers of two, the preferred sizes and
/// max_batch_size. {1} for a model without a batch axis.
std::vector<int64_t> bucket_sizes(const ModelConfig& config);

/// A size that is compiled, and how long one run of it takes.
struct TimedSize {
  int64_t rows = 1;
  double seconds = 0;
};

/// The sizes of the runs that answer `rows` rows in the least time, largest first; the last may be larger
/// than the rows that are left for it, which are padded then. Whether five rows run as eight or as four and
/// one is so decided by what was measured: on a CPU, where a row costs the same in every batch, padding
/// wastes as much time as it adds rows; on a GPU a half empty batch is often free. `sizes` ascend and are not
/// empty. One run is preferred where several are not clearly faster.
std::vector<int64_t> fastest_runs(int64_t rows, std::span<const TimedSize> sizes);

}  // namespace ridgeline::serve
