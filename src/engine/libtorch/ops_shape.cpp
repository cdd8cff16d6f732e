// Ops that make tensors from shapes, or give a tensor another shape.

#include <ATen/Functions.h>
#include <algorithm>
#include <array>
#include <cmath>

#include "engine/libtorch/op.h"

namespace ridgeline::libtorch {

namespace {

using Dims = std::vector<int64_t>;

at::TensorOptions cpu_ints() { return at::TensorOptions().dtype(at::kLong); }

Result<Kernel> build_shape(const OpSite& site) {
  const int64_t start = site.node.int_or("start", 0);
  const std::optional<int64_t> end =
      site.node.has("end") ? std::optional(site.node.int_or("end", 0)) : std::nullopt;
  return returns([start, end](const Inputs& in) {
    const int64_t rank = in[0].dim();
    const auto bound = [rank](int64_t axis) {
      return std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
    };
    const int64_t from = bound(start);
    const int64_t to = std::max(from, end ? bound(*end) : rank);
    return at::tensor(in[0].sizes().slice(static_cast<size_t>(from), static_cast<size_t>(to - from)),
                      cpu_ints());
  });
}

Result<Kernel> build_size(const OpSite&) {
  return returns([](const Inputs& in) { return at::scalar_tensor(in[0].numel(), cpu_ints()); });
}

Result<Kernel> build_constant(const OpSite& site) {
  if (const Tensor* value = site.node.tensor("value")) {
    if (!scalar_type_of(value->dtype()))
      return unsupported("attribute value: ATen has no tensors of type {}", name_of(value->dtype()));
    return returns([value = share(*value)](const Inputs&) { return value; });
  }
  at::Tensor value;
  const auto floats = at::TensorOptions().dtype(at::kFloat);
  for (const auto& [name, attribute] : site.node.attributes) {
    if (const auto* number = std::get_if<float>(&attribute)) value = at::scalar_tensor(*number, floats);
    if (const auto* number = std::get_if<int64_t>(&attribute)) value = at::scalar_tensor(*number, cpu_ints());
    if (const auto* numbers = std::get_if<std::vector<float>>(&attribute))
      value = at::tensor(*numbers, floats);
    if (const auto* numbers = std::get_if<Dims>(&attribute)) value = at::tensor(*numbers, cpu_ints());
  }
  if (!value.defined()) return unsupported("a constant that is neither numbers nor a dense tensor");
  return returns([value](const Inputs&) { return value; });
}

Result<Kernel> build_constant_of_shape(const OpSite& site) {
  const Tensor* value = site.node.tensor("value");
  ASSIGN_OR_RETURN(const at::ScalarType type, site.type_for(value != nullptr ? value->dtype() : DType::kF32));
  const at::Scalar fill = value != nullptr ? share(*value).item() : at::Scalar(0);
  const auto options = at::TensorOptions().dtype(type).device(site.device);
  return returns([fill, options, shape = site.ints(0)](const Inputs& in) {
    return at::full(shape.read(in), fill, options);
  });
}

/// max(0, ceil((limit - start) / delta)) elements.
at::Tensor range(const Inputs& in) {
  const at::TensorOptions options = in[0].options();
  if (at::isFloatingType(in[0].scalar_type())) {
    const double start = scalar_of(in[0]);
    const double delta = scalar_of(in[2]);
    const auto count = static_cast<int64_t>(std::ceil((scalar_of(in[1]) - start) / delta));
    return at::arange(std::max<int64_t>(0, count), options).mul(delta).add(start);
  }
  const int64_t start = ints_of(in[0])[0];
  const int64_t limit = ints_of(in[1])[0];
  const int64_t delta = ints_of(in[2])[0];
  const bool is_empty = delta > 0 ? limit <= start : limit >= start;
  return is_empty ? at::empty({0}, options) : at::arange(start, limit, delta, options);
}

Result<Kernel> build_range(const OpSite&) { return returns(range); }

Result<Kernel> build_eye_like(const OpSite& site) {
  const int64_t diagonal = site.node.int_or("k", 0);
  std::optional<at::ScalarType> type;
  if (site.node.has("dtype")) {
    ASSIGN_OR_RETURN(type, site.type_of_attribute("dtype"));
  }
  return returns([diagonal, type](const Inputs& in) {
    const at::Tensor ones = at::ones_like(in[0], type.value_or(in[0].scalar_type()));
    return ones.triu(diagonal).tril(diagonal);
  });
}

/// A 0 keeps the input's dimension (unless allowzero), -1 takes what is left.
Result<Kernel> build_reshape(const OpSite& site) {
  const bool zero_is_zero = site.node.int_or("allowzero", 0) != 0;
  return returns([zero_is_zero, shape = site.ints(1)](const Inputs& in) {
    Dims dims = shape.read(in);
    for (size_t i = 0; i < dims.size() && !zero_is_zero; ++i) {
      if (dims[i] == 0) dims[i] = in[0].size(static_cast<int64_t>(i));
    }
    return in[0].reshape(dims);
  });
}

Result<Kernel> build_flatten(const OpSite& site) {
  return returns([axis = site.node.int_or("axis", 1)](const Inputs& in) {
    const int64_t rank = in[0].dim();
    const auto split = static_cast<size_t>(axis < 0 ? axis + rank : axis);
    int64_t rows = 1;
    for (const int64_t size : in[0].sizes().slice(0, split)) rows *= size;
    const int64_t columns = rows == 0 ? 0 : in[0].numel() / rows;
    return in[0].reshape({rows, columns});
  });
}

Result<Kernel> build_squeeze(const OpSite& site) {
  const bool all = !site.node.has("axes") && !site.node.has_input(1);
  return returns([all, axes = site.ints("axes", 1)](const Inputs& in) {
    if (all) return in[0].squeeze();
    return in[0].squeeze(axes.read(in));
  });
}

Result<Kernel> build_unsqueeze(const OpSite& site) {
  return returns([axes = site.ints("axes", 1)](const Inputs& in) {
    Dims places = axes.read(in);
    const int64_t rank = in[0].dim() + static_cast<int64_t>(places.size());
    for (int64_t& axis : places) axis = normalized_axis(axis, rank);
    std::sort(places.begin(), places.end());
    at::Tensor result = in[0];
    for (const int64_t axis : places) result = result.unsqueeze(axis);
    return result;
  });
}

/// The input and the shape broadcast each other.
Result<Kernel> build_expand(const OpSite& site) {
  return returns([shape = site.ints(1)](const Inputs& in) {
    Dims dims = shape.read(in);
    const Dims own = in[0].sizes().vec();
    if (dims.size() < own.size()) dims.insert(dims.begin(), own.size() - dims.size(), 1);
    for (size_t i = 0; i < own.size(); ++i) {
      int64_t& size = dims[dims.size() - own.size() + i];
      if (size == 1) size = own[i];
    }
    return in[0].expand(dims);
  });
}

Result<Kernel> build_tile(const OpSite& site) {
  return returns([repeats = site.ints(1)](const Inputs& in) { return in[0].repeat(repeats.read(in)); });
}

}  // namespace

std::span<const OpRow> shape_ops() {
  static const std::array kRows = {
      OpRow{"Constant", build_constant},
      OpRow{"ConstantOfShape", build_constant_of_shape, {0}},
      OpRow{"Expand", build_expand, {1}},
      OpRow{"EyeLike", build_eye_like},
      OpRow{"Flatten", build_flatten},
      OpRow{"Range", build_range, {0, 1, 2}},
      OpRow{"Reshape", build_reshape, {1}},
      OpRow{"Shape", build_shape},
      OpRow{"Size", build_size},
      OpRow{"Squeeze", build_squeeze, {1}},
      OpRow{"Tile", build_tile, {1}},
      OpRow{"Unsqueeze", build_unsqueeze, {1}},
  };
  return kRows;
}

}  // namespace ridgeline::libtorch
