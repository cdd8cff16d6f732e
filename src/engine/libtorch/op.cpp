#include "engine/libtorch/op.h"

#include "graph/onnx_dtype.h"

namespace ridgeline::libtorch {

namespace {

using Table = std::map<std::string_view, const OpRow*>;

const Table& table() {
  static const Table kTable = [] {
    Table rows;
    for (const auto family : {conv_ops, pool_ops, matmul_ops, norm_ops, unary_ops, binary_ops, reduce_ops,
                              shape_ops, layout_ops, gather_ops, resize_ops, detection_ops, quantize_ops}) {
      for (const OpRow& row : family()) rows.emplace(row.op, &row);
    }
    return rows;
  }();
  return kTable;
}

}  // namespace

const at::Tensor& Inputs::operator[](size_t i) const {
  static const at::Tensor kAbsent;
  return i < refs_.size() ? slots_[refs_[i].slot] : kAbsent;
}

at::Tensor Inputs::reusable(size_t i) const {
  if (i >= refs_.size() || !refs_[i].last_read) return {};
  const at::Tensor& value = slots_[refs_[i].slot];
  const bool alone = value.use_count() == 1 && value.storage().use_count() == 1;
  return alone && value.is_non_overlapping_and_dense() ? value : at::Tensor();
}

std::vector<int64_t> IntsInput::read(const Inputs& in) const {
  if (known_) return *known_;
  return in.has(index_) ? ints_of(in[index_]) : std::vector<int64_t>();
}

const at::Tensor* OpSite::constant(size_t input) const {
  if (!node.has_input(input)) return nullptr;
  const auto found = constants.find(node.inputs[input]);
  return found == constants.end() ? nullptr : &found->second;
}

IntsInput OpSite::ints(size_t input) const {
  const at::Tensor* value = constant(input);
  return {input, value == nullptr ? std::nullopt : std::optional(ints_of(*value))};
}

IntsInput OpSite::ints(std::string_view attribute, size_t input) const {
  return node.has(attribute) ? IntsInput(input, node.ints_or(attribute, {})) : ints(input);
}

Result<double> OpSite::number(size_t input, double fallback) const {
  if (!node.has_input(input)) return fallback;
  const at::Tensor* value = constant(input);
  if (value == nullptr || value->numel() != 1) {
    return unsupported("input {} ('{}') must be a number known before the run", input, node.inputs[input]);
  }
  return scalar_of(*value);
}

Result<at::ScalarType> OpSite::type_for(DType dtype) const {
  if (dtype == DType::kF32) return float_type;
  if (const auto type = scalar_type_of(dtype)) return *type;
  return unsupported("ATen has no tensors of type {}", name_of(dtype));
}

Result<at::ScalarType> OpSite::type_of_attribute(std::string_view attribute) const {
  const int64_t number = node.int_or(attribute, 0);
  if (const auto dtype = dtype_from_onnx(number)) return type_for(*dtype);
  return unsupported("attribute {}: ATen has nothing for ONNX's data type {}", attribute, number);
}

const OpRow* find_op(const Node& node) {
  if (!node.domain.empty()) return nullptr;
  const auto found = table().find(node.op);
  return found == table().end() ? nullptr : found->second;
}

std::vector<std::string_view> known_ops() {
  std::vector<std::string_view> names;
  for (const auto& [name, row] : table()) names.push_back(name);
  return names;
}

}  // namespace ridgeline::libtorch
