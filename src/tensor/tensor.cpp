#include "tensor/tensor.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace ridgeline {
namespace {

constexpr size_t kAlignment = 64;

}  // namespace

Result<Tensor> Tensor::zeros(DType dtype, Shape shape) {
  if (dtype == DType::kString) return unsupported("string tensors have no dense storage");
  ASSIGN_OR_RETURN(const int64_t count, shape.checked_element_count(size_of(dtype)));
  const size_t bytes = static_cast<size_t>(count) * size_of(dtype);
  const size_t padded = std::max(kAlignment, (bytes + kAlignment - 1) / kAlignment * kAlignment);
  void* memory = std::aligned_alloc(kAlignment, padded);
  if (memory == nullptr)
    return out_of_memory("no memory for a tensor of {} bytes ({})", bytes, shape.to_string());
  std::memset(memory, 0, padded);
  return wrap(dtype, std::move(shape), static_cast<std::byte*>(memory),
              std::shared_ptr<const void>(memory, std::free));
}

Result<Tensor> Tensor::from_bytes(DType dtype, Shape shape, std::span<const std::byte> bytes) {
  ASSIGN_OR_RETURN(Tensor tensor, zeros(dtype, std::move(shape)));
  if (bytes.size() != tensor.byte_size())
    return invalid_argument("a tensor of shape {} and type {} takes {} bytes, not {}",
                            tensor.shape().to_string(), name_of(dtype), tensor.byte_size(), bytes.size());
  if (!bytes.empty()) std::memcpy(tensor.data(), bytes.data(), bytes.size());
  return tensor;
}

Tensor Tensor::wrap(DType dtype, Shape shape, std::byte* data, std::shared_ptr<const void> keep_alive) {
  Tensor tensor;
  tensor.dtype_ = dtype;
  tensor.shape_ = std::move(shape);
  tensor.owner_ = std::move(keep_alive);
  tensor.data_ = data;
  return tensor;
}

Result<Tensor> Tensor::reshaped(Shape shape) const {
  if (!shape.is_static() || shape.element_count() != element_count())
    return invalid_argument("shape {} cannot be viewed as {}", shape_.to_string(), shape.to_string());
  return wrap(dtype_, std::move(shape), data_, owner_);
}

}  // namespace ridgeline
