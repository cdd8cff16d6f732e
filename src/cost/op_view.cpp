#include "cost/op_view.h"

#include <set>

namespace ridgeline::cost {
namespace {

const Shape kScalar;

double count_of(const ValueType* type) { return type == nullptr ? 0 : product_from(*type->shape, 0); }

double bytes_of(const ValueType* type) {
  return type == nullptr ? 0 : count_of(type) * static_cast<double>(size_of(type->dtype));
}

Result<std::vector<const ValueType*>> look_up(const Node& node, const std::vector<std::string>& names,
                                              const ValueTypes& types) {
  std::vector<const ValueType*> found;
  for (const std::string& name : names) {
    if (name.empty()) {
      found.push_back(nullptr);
      continue;
    }
    const auto type = types.find(name);
    if (type == types.end() || !type->second.shape || !type->second.shape->is_static())
      return unsupported("{}: the shape of '{}' is not known", node.describe(), name);
    if (size_of(type->second.dtype) == 0)
      return unsupported("{}: the elements of '{}' have no fixed size", node.describe(), name);
    found.push_back(&type->second);
  }
  return found;
}

}  // namespace

double product_from(const Shape& shape, size_t first) {
  double product = 1;
  for (size_t axis = first; axis < shape.rank(); ++axis) product *= static_cast<double>(shape[axis]);
  return product;
}

Result<OpView> OpView::make(const Node& node, const ValueTypes& types) {
  OpView view;
  view.node_ = &node;
  ASSIGN_OR_RETURN(view.in_, look_up(node, node.inputs, types));
  ASSIGN_OR_RETURN(view.out_, look_up(node, node.outputs, types));
  return view;
}

const Shape& OpView::in(size_t index) const { return has_in(index) ? *in_[index]->shape : kScalar; }

const Shape& OpView::out(size_t index) const {
  return index < out_.size() && out_[index] != nullptr ? *out_[index]->shape : kScalar;
}

double OpView::in_count(size_t index) const { return has_in(index) ? count_of(in_[index]) : 0; }

double OpView::out_count(size_t index) const { return index < out_.size() ? count_of(out_[index]) : 0; }

double OpView::in_bytes(size_t index) const { return has_in(index) ? bytes_of(in_[index]) : 0; }

double OpView::all_in_bytes() const {
  const std::set<const ValueType*> distinct(in_.begin(), in_.end());
  double bytes = 0;
  for (const ValueType* type : distinct) bytes += bytes_of(type);
  return bytes;
}

double OpView::all_out_bytes() const {
  double bytes = 0;
  for (const ValueType* type : out_) bytes += bytes_of(type);
  return bytes;
}

}  // namespace ridgeline::cost
