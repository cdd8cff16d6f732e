#include "engine/libtorch/values.h"

#include <ATen/Functions.h>
#include <array>
#include <c10/util/Exception.h>
#include <stdexcept>
#include <utility>

namespace ridgeline::libtorch {

namespace {

constexpr std::array<std::pair<DType, at::ScalarType>, 13> kTypes = {{{DType::kF32, at::kFloat},
                                                                      {DType::kF16, at::kHalf},
                                                                      {DType::kBF16, at::kBFloat16},
                                                                      {DType::kF64, at::kDouble},
                                                                      {DType::kI8, at::kChar},
                                                                      {DType::kU8, at::kByte},
                                                                      {DType::kI16, at::kShort},
                                                                      {DType::kU16, at::kUInt16},
                                                                      {DType::kI32, at::kInt},
                                                                      {DType::kU32, at::kUInt32},
                                                                      {DType::kI64, at::kLong},
                                                                      {DType::kU64, at::kUInt64},
                                                                      {DType::kBool, at::kBool}}};

std::string first_line(std::string text) {
  const size_t end = text.find('\n');
  if (end != std::string::npos) text.resize(end);
  return text;
}

}  // namespace

std::optional<at::ScalarType> scalar_type_of(DType dtype) {
  for (const auto& [ours, theirs] : kTypes) {
    if (ours == dtype) return theirs;
  }
  return std::nullopt;
}

std::optional<DType> dtype_of(at::ScalarType type) {
  for (const auto& [ours, theirs] : kTypes) {
    if (theirs == type) return ours;
  }
  return std::nullopt;
}

at::Tensor share(const Tensor& tensor) {
  const auto options = at::TensorOptions().dtype(*scalar_type_of(tensor.dtype()));
  if (tensor.element_count() == 0) return at::empty(tensor.shape().dims(), options);
  // ATen has no read-only tensors; programs never write to their constants.
  auto* data = const_cast<std::byte*>(tensor.data());
  return at::from_blob(data, tensor.shape().dims(), [keep_alive = tensor](void*) {}, options);
}

at::Tensor borrow(const TensorView& view) {
  const auto options = at::TensorOptions().dtype(*scalar_type_of(view.dtype));
  if (view.shape.element_count() == 0) return at::empty(view.shape.dims(), options);
  return at::from_blob(view.data, view.shape.dims(), options);
}

std::vector<int64_t> ints_of(const at::Tensor& tensor) {
  const at::Tensor values = tensor.to(at::kCPU, at::kLong).contiguous();
  const int64_t* first = values.const_data_ptr<int64_t>();
  return {first, first + values.numel()};
}

double scalar_of(const at::Tensor& tensor) { return tensor.item().toDouble(); }

int64_t normalized_axis(int64_t axis, int64_t rank) {
  const int64_t from_start = axis < 0 ? axis + rank : axis;
  if (from_start < 0 || from_start >= rank) {
    throw std::invalid_argument(fmt::format("axis {} is outside a tensor of rank {}", axis, rank));
  }
  return from_start;
}

Status status_of(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return out_of_memory("no memory is left");
  if (const auto* ours = dynamic_cast<const std::invalid_argument*>(&error))
    return invalid_argument("{}", ours->what());
  const auto* theirs = dynamic_cast<const c10::Error*>(&error);
  const std::string text = first_line(theirs != nullptr ? theirs->what_without_backtrace() : error.what());
  const auto says = [&text](const char* words) { return text.find(words) != std::string::npos; };
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr || says("can't allocate memory")) {
    return out_of_memory("{}", text);
  }
  if (dynamic_cast<const c10::NotImplementedError*>(&error) != nullptr || says("not implemented") ||
      says("not supported")) {
    return unsupported("{}", text);
  }
  return internal_error("{}", text);
}

}  // namespace ridgeline::libtorch
