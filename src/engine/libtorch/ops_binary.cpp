// Functions of two or more tensors, element by element, with broadcasting.

#include <ATen/Functions.h>
#include <array>

#include "engine/libtorch/op.h"

namespace ridgeline::libtorch {

namespace {

using Binary = at::Tensor (*)(const at::Tensor&, const at::Tensor&);

/// ATen has few kernels for unsigned types wider than a byte; INT64 holds their values (those of UINT64
/// modulo 2^64).
bool is_wide_unsigned(at::ScalarType type) {
  return type == at::kUInt16 || type == at::kUInt32 || type == at::kUInt64;
}
at::Tensor widened(const at::Tensor& x) { return is_wide_unsigned(x.scalar_type()) ? x.to(at::kLong) : x; }

at::Tensor narrowed(const at::Tensor& x, at::ScalarType type) {
  return is_wide_unsigned(type) ? x.to(type) : x;
}

template <Binary function>
Result<Kernel> build_arithmetic(const OpSite&) {
  return returns([](const Inputs& in) {
    return narrowed(function(widened(in[0]), widened(in[1])), in[0].scalar_type());
  });
}

template <Binary function>
Result<Kernel> build_comparison(const OpSite&) {
  return returns([](const Inputs& in) { return function(widened(in[0]), widened(in[1])); });
}

at::Tensor subtract(const at::Tensor& a, const at::Tensor& b) { return at::sub(a, b); }

/// Integers divide toward zero.
at::Tensor divide(const at::Tensor& a, const at::Tensor& b) {
  return at::isIntegralType(a.scalar_type(), false) ? at::div(a, b, "trunc") : at::div(a, b);
}

at::Tensor maximum(const at::Tensor& a, const at::Tensor& b) { return at::maximum(a, b); }
at::Tensor minimum(const at::Tensor& a, const at::Tensor& b) { return at::minimum(a, b); }
at::Tensor equal(const at::Tensor& a, const at::Tensor& b) { return at::eq(a, b); }
at::Tensor greater(const at::Tensor& a, const at::Tensor& b) { return at::gt(a, b); }
at::Tensor greater_or_equal(const at::Tensor& a, const at::Tensor& b) { return at::ge(a, b); }
at::Tensor less(const at::Tensor& a, const at::Tensor& b) { return at::lt(a, b); }
at::Tensor less_or_equal(const at::Tensor& a, const at::Tensor& b) { return at::le(a, b); }
at::Tensor bitwise_and(const at::Tensor& a, const at::Tensor& b) { return at::bitwise_and(a, b); }
at::Tensor bitwise_or(const at::Tensor& a, const at::Tensor& b) { return at::bitwise_or(a, b); }
at::Tensor bitwise_xor(const at::Tensor& a, const at::Tensor& b) { return at::bitwise_xor(a, b); }
at::Tensor logical_and(const at::Tensor& a, const at::Tensor& b) { return at::logical_and(a, b); }
at::Tensor logical_or(const at::Tensor& a, const at::Tensor& b) { return at::logical_or(a, b); }
at::Tensor logical_xor(const at::Tensor& a, const at::Tensor& b) { return at::logical_xor(a, b); }
at::Tensor multiply(const at::Tensor& a, const at::Tensor& b) { return at::mul(a, b); }

/// An in-place sum needs an operand of the result's shape, type and layout in memory.
bool can_hold_sum(const at::Tensor& own, const at::Tensor& other) {
  return own.defined() && own.scalar_type() == other.scalar_type() && own.sizes() == other.sizes() &&
         own.strides() == other.strides();
}

Result<Kernel> build_add(const OpSite&) {
  return returns([](const Inputs& in) {
    for (const size_t i : {size_t{0}, size_t{1}}) {
      const at::Tensor own = in.reusable(i);
      if (can_hold_sum(own, in[1 - i]) && !is_wide_unsigned(own.scalar_type())) return own.add_(in[1 - i]);
    }
    return narrowed(at::add(widened(in[0]), widened(in[1])), in[0].scalar_type());
  });
}

/// The result has the type of the base.
Result<Kernel> build_pow(const OpSite& site) {
  const at::Tensor* exponent = site.constant(1);
  if (exponent != nullptr && exponent->numel() == 1 && exponent->dim() == 0) {
    return returns([power = exponent->item()](const Inputs& in) {
      return at::pow(in[0], power).to(in[0].scalar_type());
    });
  }
  return returns(
      [](const Inputs& in) { return at::pow(widened(in[0]), widened(in[1])).to(in[0].scalar_type()); });
}

Result<Kernel> build_mod(const OpSite& site) {
  const bool sign_of_dividend = site.node.int_or("fmod", 0) != 0;
  return returns([sign_of_dividend](const Inputs& in) {
    const at::Tensor a = widened(in[0]);
    const at::Tensor b = widened(in[1]);
    return narrowed(sign_of_dividend ? at::fmod(a, b) : at::remainder(a, b), in[0].scalar_type());
  });
}

Result<Kernel> build_bit_shift(const OpSite& site) {
  const bool left = site.node.string_or("direction", "") == "LEFT";
  return returns([left](const Inputs& in) {
    const at::Tensor a = widened(in[0]);
    const at::Tensor b = widened(in[1]);
    return narrowed(left ? at::bitwise_left_shift(a, b) : at::bitwise_right_shift(a, b), in[0].scalar_type());
  });
}

template <Binary function>
at::Tensor reduced_over_inputs(const Inputs& in) {
  at::Tensor result = widened(in[0]);
  for (size_t i = 1; i < in.size(); ++i) result = function(result, widened(in[i]));
  return narrowed(result, in[0].scalar_type());
}

at::Tensor sum_of_two(const at::Tensor& a, const at::Tensor& b) { return at::add(a, b); }

template <Binary function>
Result<Kernel> build_variadic(const OpSite&) {
  return returns(reduced_over_inputs<function>);
}

Result<Kernel> build_mean(const OpSite&) {
  return returns([](const Inputs& in) {
    return reduced_over_inputs<sum_of_two>(in).div(static_cast<int64_t>(in.size()));
  });
}

Result<Kernel> build_where(const OpSite&) {
  return returns([](const Inputs& in) { return at::where(in[0], in[1], in[2]); });
}

}  // namespace

std::span<const OpRow> binary_ops() {
  static const std::array kRows = {
      OpRow{"Add", build_add},
      OpRow{"And", build_comparison<logical_and>},
      OpRow{"BitShift", build_bit_shift},
      OpRow{"BitwiseAnd", build_arithmetic<bitwise_and>},
      OpRow{"BitwiseOr", build_arithmetic<bitwise_or>},
      OpRow{"BitwiseXor", build_arithmetic<bitwise_xor>},
      OpRow{"Div", build_arithmetic<divide>},
      OpRow{"Equal", build_comparison<equal>},
      OpRow{"Greater", build_comparison<greater>},
      OpRow{"GreaterOrEqual", build_comparison<greater_or_equal>},
      OpRow{"Less", build_comparison<less>},
      OpRow{"LessOrEqual", build_comparison<less_or_equal>},
      OpRow{"Max", build_variadic<maximum>},
      OpRow{"Mean", build_mean},
      OpRow{"Min", build_variadic<minimum>},
      OpRow{"Mod", build_mod},
      OpRow{"Mul", build_arithmetic<multiply>},
      OpRow{"Or", build_comparison<logical_or>},
      OpRow{"Pow", build_pow},
      OpRow{"Sub", build_arithmetic<subtract>},
      OpRow{"Sum", build_variadic<sum_of_two>},
      OpRow{"Where", build_where},
      OpRow{"Xor", build_comparison<logical_xor>},
  };
  return kRows;
}

}  // namespace ridgeline::libtorch
