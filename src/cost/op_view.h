#pragma once

#include <vector>

#include "cost/op_work.h"

namespace ridgeline::cost {

/// A node whose present inputs and outputs all have static shapes and elements of a fixed size.
class OpView {
 public:
  /// kUnsupported naming the value that is not known well enough.
  static Result<OpView> make(const Node& node, const ValueTypes& types);

  const Node& node() const { return *node_; }
  bool has_in(size_t index) const { return index < in_.size() && in_[index] != nullptr; }
  /// Scalars stand for what is absent.
  const Shape& in(size_t index) const;
  const Shape& out(size_t index = 0) const;
  /// Elements; 0 for what is absent.
  double in_count(size_t index) const;
  double out_count(size_t index = 0) const;
  double in_bytes(size_t index) const;
  /// Each distinct value once.
  double all_in_bytes() const;
  double all_out_bytes() const;

 private:
  const Node* node_ = nullptr;
  std::vector<const ValueType*> in_;
  std::vector<const ValueType*> out_;
};

/// Product of dimensions from `first` on.
double product_from(const Shape& shape, size_t first);

struct Arithmetic {
  double macs = 0;
  double flops = 0;
};
using Formula = Result<Arithmetic> (*)(const OpView& op);

/// The formula of an op whose arithmetic is not a multiple of its element counts; null for the others.
Formula find_formula(std::string_view op);

}  // namespace ridgeline::cost
