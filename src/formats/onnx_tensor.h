#pragma once

#include <onnx-ml.pb.h>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "formats/external_data.h"
#include "tensor/tensor.h"

namespace ridgeline::formats {

/// The element type of an ONNX data type number: kInvalidArgument where ONNX has none, kUnsupported for those
/// that no Tensor holds (complex, 8-bit float, …).
Result<DType> read_element_type(int32_t number);

/// A tensor whose elements are std::string (as<std::string>()); `strings` must have the shape's count.
Tensor make_string_tensor(Shape shape, std::vector<std::string> strings);

/// Checks type, dimensions and size before it allocates. Errors name the tensor.
Result<Tensor> read_tensor(const onnx::TensorProto& proto, ExternalData& external);

/// Name, type and dimensions, without the elements.
void write_tensor_header(const Tensor& tensor, std::string_view name, onnx::TensorProto* proto);

/// Fills `proto` with the tensor as raw bytes (strings as string_data).
void write_tensor(const Tensor& tensor, std::string_view name, onnx::TensorProto* proto);

}  // namespace ridgeline::formats
