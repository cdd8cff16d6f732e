#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "tensor/tensor.h"

namespace ridgeline::vision {

/// Memory for batches of one size, used again once nobody holds a tensor of it: the page faults of fresh
/// memory cost as much as decoding a picture. Thread-safe; tensors may outlive the pool.
class BatchPool {
 public:
  BatchPool() : shelf_(std::make_shared<Shelf>()) {}

  /// Elements with any values. A piece from the shelf serves if it is large enough.
  Result<Tensor> take(DType dtype, const Shape& shape);

 private:
  struct Shelf {
    std::mutex mutex;
    std::vector<Tensor> pieces;
  };
  /// Brings its piece back to the shelf, if that is still there.
  struct Lease {
    Tensor piece;
    std::weak_ptr<Shelf> home;
    ~Lease();
  };
  std::shared_ptr<Shelf> shelf_;
};

}  // namespace ridgeline::vision
