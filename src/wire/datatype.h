#pragma once

#include <optional>
#include <string_view>

#include "base/status.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace ridgeline::wire {

/// "FP32", "UINT8", "BYTES" …: the name in requests and metadata.
std::string_view datatype_name(DType dtype);
std::optional<DType> datatype_from_name(std::string_view name);

/// "TYPE_FP32", "TYPE_STRING" …: the name in a model's configuration.
std::string_view config_type_name(DType dtype);
std::optional<DType> dtype_from_config_type(std::string_view name);

/// "[1,16]", "[]" for a scalar: a shape as Triton's messages write it.
std::string bracketed(const Shape& shape);

/// Bytes of a tensor of that shape, or 0 elements' worth for BYTES, whose elements vary. kInvalidArgument for
/// an unknown dimension and for a size that no memory holds.
Result<size_t> tensor_byte_size(DType dtype, const Shape& shape);

}  // namespace ridgeline::wire
