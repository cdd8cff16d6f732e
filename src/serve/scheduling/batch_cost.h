#pragma once

#include <cstdint>
#include <map>

#include "serve/time.h"

namespace ridgeline::serve {

/// What a batch costs however few rows it has, learnt from batches as they run: the time at no rows of the
/// line through what batches of the fewest and of the most rows take where nothing disturbs them. It is what
/// an instance saves by running rows together, so nobody should wait longer than that for others to come. Not
/// for several threads.
class BatchCost {
 public:
  /// A batch of `rows` (at least 1, at most the model's max_batch_size) took so long.
  void add(int64_t rows, Nanos took);

  /// Zero until batches of two sizes have run, and where rows are all that costs.
  Nanos of_itself() const;

 private:
  std::map<int64_t, Nanos> undisturbed_;  ///< by rows: the least that one took, which is slowly forgotten
};

}  // namespace ridgeline::serve
