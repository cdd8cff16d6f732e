#pragma once

#include <ATen/core/Tensor.h>
#include <optional>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace ridgeline::libtorch {

/// ATen's name of a dtype; nothing for strings, which ATen does not have.
std::optional<at::ScalarType> scalar_type_of(DType dtype);
std::optional<DType> dtype_of(at::ScalarType type);

/// The same memory as an ATen tensor on the CPU, which keeps `tensor` alive. Not for strings.
at::Tensor share(const Tensor& tensor);

/// Views memory that the caller owns. Not for strings.
at::Tensor borrow(const TensorView& view);

/// The elements as integers, wherever the tensor lies.
std::vector<int64_t> ints_of(const at::Tensor& tensor);

/// The one element of `tensor`.
double scalar_of(const at::Tensor& tensor);

/// `axis` counted from the end when negative. Throws std::invalid_argument outside [-rank, rank).
int64_t normalized_axis(int64_t axis, int64_t rank);

/// What a thrown ATen error says, on one line and without its stack trace.
Status status_of(const std::exception& error);

}  // namespace ridgeline::libtorch
