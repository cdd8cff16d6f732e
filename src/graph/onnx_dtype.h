#pragma once

#include <cstdint>
#include <optional>

#include "tensor/dtype.h"

namespace ridgeline {

/// Element types by their number in ONNX's TensorProto.DataType, as attributes (`to`, `dtype`) and files
/// carry them. Absent for the types that no tensor of ours holds (complex, 8- and 4-bit floats …).
std::optional<DType> dtype_from_onnx(int64_t number);
int64_t onnx_number_of(DType dtype);

}  // namespace ridgeline
