#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/passes/rewriter.h"

namespace ridgeline::passes {

/// What a value is of another: element (i, j, …) = factor · source[offset + i · strides[0] + j · strides[1] +
/// …], in elements.
struct View {
  std::string source;
  int64_t offset = 0;
  Shape shape;
  std::vector<int64_t> strides;  ///< of axes with one element, any
  double factor = 1;
};

/// Sees through moves that take each element at a step of its own for each axis (Transpose, Split, Gather of
/// one index, changes of frame) and through products with a number.
class Views {
 public:
  Views(const Rewriter& rewriter, const TypeMap& types) : rewriter_(rewriter), types_(types) {}

  /// None unless `value` is FP32 of static shape; at least a view of itself.
  std::optional<View> of(const std::string& value) const;
  /// The number that `node` multiplies its operand `value` with, of Mul and Div.
  std::optional<double> factor_of(const Node& node, const std::string& value) const;

 private:
  std::optional<View> through(const Node& node, const std::string& value, const Shape& shape) const;
  std::optional<View> of_part(const Node& split, const std::string& value) const;
  std::optional<View> of_index(const Node& gather) const;

  const Rewriter& rewriter_;
  const TypeMap& types_;
};

}  // namespace ridgeline::passes
