#pragma once

#include <span>

#include "base/mapped_file.h"
#include "base/status.h"
#include "tensor/tensor.h"

namespace ridgeline::formats {

/// kInvalidArgument where a dimension is negative (unknown ones are fine), or so large that no product of the
/// known ones, zeros left out, could be an allocation: arithmetic on shapes that pass does not overflow.
Status check_dims(const Shape& shape);

/// Every byte becomes 0 or 1: a bool that is neither is undefined behaviour to read.
void make_bools_valid(Tensor& tensor);

/// A copy of little-endian elements as a file holds them, bools made valid. `bytes` must have the shape's
/// size.
Result<Tensor> copied_tensor(DType dtype, Shape shape, std::span<const std::byte> bytes);

/// The same without a copy where the bytes lie as tensors must (aligned, and not bools).
Result<Tensor> tensor_over(DType dtype, Shape shape, const MappedBytes& mapped);

}  // namespace ridgeline::formats
