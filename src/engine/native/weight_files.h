#pragma once

#include <optional>
#include <string>

#include "engine/native/weights_key.h"
#include "tensor/tensor.h"

namespace ridgeline::native {

/// A folder that keeps packed weights for later sessions, of other processes too: a file for each key, mapped
/// read-only. A file that is not whole and right is as good as none. Thread-safe, and safe beside other
/// processes.
class WeightFiles {
 public:
  /// Files that were used least lately go where all would take more than `most_bytes`.
  WeightFiles(std::string folder, int64_t most_bytes);

  /// Empty unless there is a file of that key with so many bytes of weights.
  std::optional<Tensor> find(const WeightsKey& key, size_t bytes) const;
  /// Written beside and renamed. Where that fails, the next session packs again, nothing else.
  void keep(const WeightsKey& key, const Tensor& packed) const;
  void remove_old() const;

  std::string path_of(const WeightsKey& key) const;

 private:
  std::string folder_;
  int64_t most_bytes_;
};

}  // namespace ridgeline::native
