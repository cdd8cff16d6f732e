#include "serve/backends/buffer_pool.h"

#include <algorithm>
#include <mutex>
#include <vector>

#include "tensor/tensor.h"

namespace ridgeline::serve {

/// Buffers that nobody uses now.
class BufferPool::Shelf {
 public:
  /// An empty tensor where none is large enough.
  Tensor take(size_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto fits = [&](const Tensor& tensor) {
      return tensor.byte_size() >= bytes && tensor.byte_size() / kWaste <= bytes;
    };
    const auto found = std::ranges::find_if(free_, fits);
    if (found == free_.end()) return {};
    Tensor tensor = std::move(*found);
    free_.erase(found);
    return tensor;
  }

  void put(Tensor tensor) {
    const std::lock_guard lock(mutex_);
    if (free_.size() == kKept) free_.erase(free_.begin());  // the one that nobody wanted for longest
    free_.push_back(std::move(tensor));
  }

 private:
  static constexpr size_t kKept = 8;   // batches whose answers are on their way at a time
  static constexpr size_t kWaste = 4;  // a buffer that much larger is left for larger answers

  std::mutex mutex_;
  std::vector<Tensor> free_;
};

BufferPool::BufferPool() : shelf_(std::make_shared<Shelf>()) {}

Result<BufferPool::Buffer> BufferPool::take(size_t bytes) {
  Tensor tensor = shelf_->take(bytes);
  if (tensor.empty()) {
    ASSIGN_OR_RETURN(tensor, Tensor::zeros(DType::kU8, Shape{static_cast<int64_t>(bytes)}));
  }
  std::byte* const data = tensor.data();
  const auto give_back = [shelf = shelf_, tensor](const void*) { shelf->put(tensor); };
  return Buffer{{data, bytes}, std::shared_ptr<const void>(data, give_back)};
}

}  // namespace ridgeline::serve
