#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "base/status.h"

namespace ridgeline {

/// Dimensions, outermost first. kUnknownDim marks a dimension that is not known yet; tensors have none of
/// those.
class Shape {
 public:
  static constexpr int64_t kUnknownDim = -1;

  Shape() = default;
  Shape(std::initializer_list<int64_t> dims) : dims_(dims) {}
  explicit Shape(std::vector<int64_t> dims) : dims_(std::move(dims)) {}

  size_t rank() const { return dims_.size(); }
  int64_t operator[](size_t axis) const { return dims_[axis]; }
  int64_t& operator[](size_t axis) { return dims_[axis]; }
  const std::vector<int64_t>& dims() const { return dims_; }
  std::vector<int64_t>& dims() { return dims_; }
  auto begin() const { return dims_.begin(); }
  auto end() const { return dims_.end(); }

  /// Every dimension known and not negative.
  bool is_static() const;
  /// Product of the dimensions, 1 for rank 0. Requires is_static() and a product that fits (see
  /// checked_element_count).
  int64_t element_count() const;
  /// The product, or an error when a dimension is unknown or the product of elements × element_bytes passes
  /// 2^48.
  Result<int64_t> checked_element_count(size_t element_bytes) const;
  /// "1x3x224x224", "?" for an unknown dimension, "scalar" for rank 0.
  std::string to_string() const;

  bool operator==(const Shape&) const = default;

 private:
  std::vector<int64_t> dims_;
};

/// Row-major strides in elements.
std::vector<int64_t> row_major_strides(const Shape& shape);

}  // namespace ridgeline
