#include "vision/batch_pool.h"

#include <algorithm>

namespace ridgeline::vision {

BatchPool::Lease::~Lease() {
  const std::shared_ptr<Shelf> shelf = home.lock();
  if (!shelf || piece.empty()) return;
  const std::lock_guard lock(shelf->mutex);
  shelf->pieces.push_back(std::move(piece));
}

Result<Tensor> BatchPool::take(DType dtype, const Shape& shape) {
  ASSIGN_OR_RETURN(const int64_t count, shape.checked_element_count(size_of(dtype)));
  const int64_t bytes = count * static_cast<int64_t>(size_of(dtype));
  const auto lease = std::make_shared<Lease>();
  lease->home = shelf_;
  {
    const std::lock_guard lock(shelf_->mutex);
    std::vector<Tensor>& pieces = shelf_->pieces;
    const auto fits = [&](const Tensor& piece) { return piece.element_count() >= bytes; };
    if (const auto found = std::find_if(pieces.begin(), pieces.end(), fits); found != pieces.end()) {
      lease->piece = std::move(*found);
      pieces.erase(found);
    }
  }
  if (lease->piece.empty()) {
    ASSIGN_OR_RETURN(lease->piece, Tensor::zeros(DType::kU8, {bytes}));
  }
  return Tensor::wrap(dtype, shape, lease->piece.data(), lease);
}

}  // namespace ridgeline::vision
