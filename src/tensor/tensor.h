#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "base/status.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace ridgeline {

/// Dense row-major elements that somebody else owns. Never used with DType::kString.
struct TensorView {
  DType dtype = DType::kF32;
  Shape shape;
  std::byte* data = nullptr;

  size_t byte_size() const { return static_cast<size_t>(shape.element_count()) * size_of(dtype); }
  template <typename T>
  std::span<T> as() const {
    return {reinterpret_cast<T*>(data), static_cast<size_t>(shape.element_count())};
  }
};

/// Dense row-major elements, 64-byte aligned, shared on copy: cheap to pass, treat as immutable once shared.
class Tensor {
 public:
  Tensor() = default;
  /// Zero-filled. Fails on an unknown dimension, on a size past 2^48 bytes, and when memory is short.
  static Result<Tensor> zeros(DType dtype, Shape shape);
  /// A copy of `bytes`, whose size must be that of the shape.
  static Result<Tensor> from_bytes(DType dtype, Shape shape, std::span<const std::byte> bytes);
  /// Elements of T (float, int64_t, uint8_t, …: the dtype follows); `values` must have the shape's count.
  template <typename T>
  static Result<Tensor> from_values(Shape shape, std::span<const T> values);
  /// Views memory that `keep_alive` owns (an mmapped file, another tensor's storage).
  static Tensor wrap(DType dtype, Shape shape, std::byte* data, std::shared_ptr<const void> keep_alive);

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  int64_t element_count() const { return shape_.element_count(); }
  size_t byte_size() const { return static_cast<size_t>(element_count()) * size_of(dtype_); }
  bool empty() const { return data_ == nullptr; }
  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  template <typename T>
  std::span<T> as() {
    return {reinterpret_cast<T*>(data_), static_cast<size_t>(element_count())};
  }
  template <typename T>
  std::span<const T> as() const {
    return {reinterpret_cast<const T*>(data_), static_cast<size_t>(element_count())};
  }
  TensorView view() const { return {dtype_, shape_, data_}; }
  /// The same elements under another shape of the same count.
  Result<Tensor> reshaped(Shape shape) const;

 private:
  DType dtype_ = DType::kF32;
  Shape shape_;
  std::shared_ptr<const void> owner_;
  std::byte* data_ = nullptr;
};

template <typename T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<float>() {
  return DType::kF32;
}
template <>
constexpr DType dtype_of<double>() {
  return DType::kF64;
}
template <>
constexpr DType dtype_of<int8_t>() {
  return DType::kI8;
}
template <>
constexpr DType dtype_of<uint8_t>() {
  return DType::kU8;
}
template <>
constexpr DType dtype_of<int16_t>() {
  return DType::kI16;
}
template <>
constexpr DType dtype_of<uint16_t>() {
  return DType::kU16;
}
template <>
constexpr DType dtype_of<int32_t>() {
  return DType::kI32;
}
template <>
constexpr DType dtype_of<uint32_t>() {
  return DType::kU32;
}
template <>
constexpr DType dtype_of<int64_t>() {
  return DType::kI64;
}
template <>
constexpr DType dtype_of<uint64_t>() {
  return DType::kU64;
}
template <>
constexpr DType dtype_of<bool>() {
  return DType::kBool;
}

template <typename T>
Result<Tensor> Tensor::from_values(Shape shape, std::span<const T> values) {
  return from_bytes(dtype_of<T>(), std::move(shape), std::as_bytes(values));
}

}  // namespace ridgeline
