#include "formats/tensor_bytes.h"

#include <algorithm>
#include <cstdint>

namespace ridgeline::formats {
namespace {

constexpr uintptr_t kTensorAlignment = 64;

}  // namespace

Status check_dims(const Shape& shape) {
  Shape known = shape;
  for (int64_t& dim : known.dims()) {
    if (dim < Shape::kUnknownDim) return invalid_argument("the size {} is negative", dim);
    dim = std::max<int64_t>(dim, 1);
  }
  return known.checked_element_count(sizeof(double)).status();
}

void make_bools_valid(Tensor& tensor) {
  for (std::byte& byte : std::span(tensor.data(), tensor.byte_size())) byte = std::byte{byte != std::byte{0}};
}

Result<Tensor> copied_tensor(DType dtype, Shape shape, std::span<const std::byte> bytes) {
  ASSIGN_OR_RETURN(Tensor tensor, Tensor::from_bytes(dtype, std::move(shape), bytes));
  if (dtype == DType::kBool) make_bools_valid(tensor);
  return tensor;
}

Result<Tensor> tensor_over(DType dtype, Shape shape, const MappedBytes& mapped) {
  const bool aligned = reinterpret_cast<uintptr_t>(mapped.bytes.data()) % kTensorAlignment == 0;
  if (mapped.bytes.empty() || !aligned || dtype == DType::kBool)
    return copied_tensor(dtype, std::move(shape), mapped.bytes);
  return Tensor::wrap(dtype, std::move(shape), mapped.bytes.data(), mapped.keep_alive);
}

}  // namespace ridgeline::formats
