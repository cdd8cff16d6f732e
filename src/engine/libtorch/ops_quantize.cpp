// 8-bit integers with scales. These compute what a quantized model means, exactly and not fast.

#include <ATen/Functions.h>
#include <array>
#include <limits>

#include "engine/libtorch/window.h"

namespace ridgeline::libtorch {

namespace {

/// A scale or zero point of one element, or of one per index along `axis`.
at::Tensor along(const at::Tensor& values, int64_t axis, int64_t rank) {
  if (values.numel() == 1) return values.reshape({});
  Dims shape(static_cast<size_t>(rank), 1);
  shape[static_cast<size_t>(normalized_axis(axis, rank))] = -1;
  return values.view(shape);
}

/// saturate(round_half_even(x / scale) + zero_point).
at::Tensor quantized(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& zero_point) {
  const bool is_signed = zero_point.scalar_type() == at::kChar;
  const at::Tensor steps =
      at::round(x.to(at::kFloat).div(scale.to(at::kFloat))).add(zero_point.to(at::kFloat));
  return (is_signed ? steps.clamp(-128, 127) : steps.clamp(0, 255)).to(zero_point.scalar_type());
}

Result<Kernel> build_quantize_linear(const OpSite& site) {
  if (site.node.int_or("block_size", 0) != 0) return unsupported("attribute block_size must be 0");
  return returns([axis = site.node.int_or("axis", 1)](const Inputs& in) {
    const at::Tensor zero = in.has(2) ? in[2] : at::zeros({}, in[1].options().dtype(at::kByte));
    if (zero.scalar_type() != at::kByte && zero.scalar_type() != at::kChar) {
      throw std::invalid_argument("input y_zero_point must be an 8-bit integer here");
    }
    return quantized(in[0], along(in[1], axis, in[0].dim()), along(zero, axis, in[0].dim()));
  });
}

Result<Kernel> build_dequantize_linear(const OpSite& site) {
  if (site.node.int_or("block_size", 0) != 0) return unsupported("attribute block_size must be 0");
  return returns([axis = site.node.int_or("axis", 1)](const Inputs& in) {
    const at::Tensor scale = along(in[1], axis, in[0].dim());
    at::Tensor steps = in[0].to(at::kInt);
    if (in.has(2)) steps = steps.sub(along(in[2].to(at::kInt), axis, in[0].dim()));
    return steps.to(scale.scalar_type()).mul(scale);
  });
}

/// UINT8 over the range of the data, zero included.
Result<Kernel> build_dynamic_quantize_linear(const OpSite&) {
  return Kernel([](const Inputs& in, const Outputs& out) {
    const at::Tensor x = in[0].to(at::kFloat);
    const at::Tensor low = x.min().clamp_max(0);
    const at::Tensor scale = x.max().clamp_min(0).sub(low).div(255);
    const at::Tensor zero = at::round(low.neg().div(scale).clamp(0, 255)).to(at::kByte);
    out[0] = quantized(x, scale, zero);
    out[1] = scale;
    out[2] = zero;
  });
}

/// Integers less their zero point, in a type that holds every product and sum exactly.
at::Tensor centered(const at::Tensor& x, const at::Tensor& zero_point, int64_t axis) {
  const at::Tensor wide = x.to(at::kDouble);
  return zero_point.defined() ? wide.sub(along(zero_point.to(at::kDouble), axis, x.dim())) : wide;
}

/// What a product of rows and columns has one scale for: a row of the left (axis -2), a column of the right
/// (-1).
at::Tensor multiplied(const Inputs& in, size_t left, size_t left_zero, size_t right, size_t right_zero) {
  return at::matmul(centered(in[left], in[left_zero], -2), centered(in[right], in[right_zero], -1));
}

Result<Kernel> build_matmul_integer(const OpSite&) {
  return returns([](const Inputs& in) { return multiplied(in, 0, 2, 1, 3).to(at::kInt); });
}

Result<Kernel> build_qlinear_matmul(const OpSite&) {
  return returns([](const Inputs& in) {
    const at::Tensor product = multiplied(in, 0, 2, 3, 5);
    const at::Tensor scale =
        along(in[1], -2, product.dim()).to(at::kDouble).mul(along(in[4], -1, product.dim()));
    return quantized(product.mul(scale), in[6], in[7]);
  });
}

at::Tensor convolved(const Window& window, int64_t group, const at::Tensor& x, const at::Tensor& weights,
                     const at::Tensor& bias) {
  const at::Tensor source = padded(x, window.padding_for(x, weights.sizes().slice(2).vec()), 0);
  const Dims none(window.rank(), 0);
  const std::optional<at::Tensor> start = bias.defined() ? std::optional(bias.to(at::kDouble)) : std::nullopt;
  return at::convolution(source, weights, start, window.strides, none, window.dilations, false, none, group);
}

Result<Kernel> build_conv_integer(const OpSite& site) {
  ASSIGN_OR_RETURN(Window window, Window::from(site));
  return returns([window = std::move(window), group = site.node.int_or("group", 1)](const Inputs& in) {
    return convolved(window, group, centered(in[0], in[2], 1), centered(in[1], in[3], 0), {}).to(at::kInt);
  });
}

Result<Kernel> build_qlinear_conv(const OpSite& site) {
  ASSIGN_OR_RETURN(Window window, Window::from(site));
  return returns([window = std::move(window), group = site.node.int_or("group", 1)](const Inputs& in) {
    const at::Tensor sums =
        convolved(window, group, centered(in[0], in[2], 1), centered(in[3], in[5], 0), in[8]);
    const at::Tensor scale = in[1].to(at::kDouble).mul(along(in[4].to(at::kDouble), 1, sums.dim()));
    return quantized(sums.mul(scale), in[6], in[7]);
  });
}

}  // namespace

std::span<const OpRow> quantize_ops() {
  static const std::array kRows = {
      OpRow{"ConvInteger", build_conv_integer},
      OpRow{"DequantizeLinear", build_dequantize_linear},
      OpRow{"DynamicQuantizeLinear", build_dynamic_quantize_linear},
      OpRow{"MatMulInteger", build_matmul_integer},
      OpRow{"QLinearConv", build_qlinear_conv},
      OpRow{"QLinearMatMul", build_qlinear_matmul},
      OpRow{"QuantizeLinear", build_quantize_linear},
  };
  return kRows;
}

}  // namespace ridgeline::libtorch
