// Functions of one tensor, element by element.

#include <ATen/Functions.h>
#include <array>
#include <limits>

#include "engine/libtorch/op.h"

namespace ridgeline::libtorch {

namespace {

using Function = at::Tensor (*)(const at::Tensor&);

template <Function function>
Result<Kernel> build_plain(const OpSite&) {
  return returns([](const Inputs& in) { return function(in[0]); });
}

at::Tensor identity(const at::Tensor& x) { return x; }
at::Tensor hard_swish(const at::Tensor& x) { return at::hardswish(x); }
at::Tensor soft_plus(const at::Tensor& x) { return at::softplus(x); }
at::Tensor soft_sign(const at::Tensor& x) { return x.div(x.abs().add(1)); }
at::Tensor round_half_even(const at::Tensor& x) { return at::round(x); }
at::Tensor is_nan(const at::Tensor& x) { return at::isnan(x); }

Result<Kernel> build_relu(const OpSite&) {
  return returns([](const Inputs& in) {
    const at::Tensor own = in.reusable(0);
    return own.defined() ? own.relu_() : at::relu(in[0]);
  });
}

Result<Kernel> build_leaky_relu(const OpSite& site) {
  return returns([slope = double{site.node.float_or("alpha", 0.01F)}](const Inputs& in) {
    return at::leaky_relu(in[0], slope);
  });
}

Result<Kernel> build_elu(const OpSite& site) {
  return returns(
      [alpha = double{site.node.float_or("alpha", 1)}](const Inputs& in) { return at::elu(in[0], alpha); });
}

Result<Kernel> build_celu(const OpSite& site) {
  return returns(
      [alpha = double{site.node.float_or("alpha", 1)}](const Inputs& in) { return at::celu(in[0], alpha); });
}

Result<Kernel> build_selu(const OpSite& site) {
  constexpr float kAlpha = 1.67326319217681884765625F;
  constexpr float kGamma = 1.05070102214813232421875F;
  const double alpha = site.node.float_or("alpha", kAlpha);
  const double gamma = site.node.float_or("gamma", kGamma);
  return returns([alpha, gamma](const Inputs& in) { return at::elu(in[0], alpha, gamma); });
}

Result<Kernel> build_thresholded_relu(const OpSite& site) {
  return returns([alpha = double{site.node.float_or("alpha", 1)}](const Inputs& in) {
    return at::threshold(in[0], alpha, 0);
  });
}

Result<Kernel> build_hard_sigmoid(const OpSite& site) {
  const double alpha = site.node.float_or("alpha", 0.2F);
  const double beta = site.node.float_or("beta", 0.5F);
  constexpr float kSixth = 1.0F / 6.0F;
  if (static_cast<float>(alpha) == kSixth && beta == 0.5) {
    return returns([](const Inputs& in) { return at::hardsigmoid(in[0]); });
  }
  return returns([alpha, beta](const Inputs& in) { return in[0].mul(alpha).add_(beta).clamp_(0, 1); });
}

Result<Kernel> build_gelu(const OpSite& site) {
  return returns([approximate = site.node.string_or("approximate", "none")](const Inputs& in) {
    return at::gelu(in[0], approximate);
  });
}

Result<Kernel> build_shrink(const OpSite& site) {
  const double lambda = site.node.float_or("lambd", 0.5F);
  const double bias = site.node.float_or("bias", 0);
  return returns([lambda, bias](const Inputs& in) {
    const at::Tensor& x = in[0];
    const at::Tensor shrunk = at::where(x.lt(-lambda), x.add(bias), x.sub(bias));
    return at::where(x.abs().gt(lambda), shrunk, at::zeros_like(x));
  });
}

/// The bounds are numbers, mostly constant.
Result<Kernel> build_clip(const OpSite& site) {
  const auto known = [&site](size_t input) {
    return !site.node.has_input(input) || site.constant(input) != nullptr;
  };
  if (!known(1) || !known(2)) {
    return returns([](const Inputs& in) {
      at::Tensor result = in[0];
      if (in.has(1)) result = at::maximum(result, in[1]);
      return in.has(2) ? at::minimum(result, in[2]) : result;
    });
  }
  const auto bound = [&site](size_t input) {
    const at::Tensor* value = site.constant(input);
    return value == nullptr ? std::nullopt : std::optional(value->item());
  };
  return returns([low = bound(1), high = bound(2)](const Inputs& in) {
    if (!low && !high) return in[0];
    const at::Tensor own = in.reusable(0);
    return own.defined() ? own.clamp_(low, high) : at::clamp(in[0], low, high);
  });
}

Result<Kernel> build_is_inf(const OpSite& site) {
  const bool negative = site.node.int_or("detect_negative", 1) != 0;
  const bool positive = site.node.int_or("detect_positive", 1) != 0;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return returns([negative, positive](const Inputs& in) {
    if (negative && positive) return at::isinf(in[0]);
    if (negative) return in[0].eq(-kInfinity);
    return positive ? in[0].eq(kInfinity) : at::zeros_like(in[0], at::kBool);
  });
}

Result<Kernel> build_cast(const OpSite& site) {
  ASSIGN_OR_RETURN(const at::ScalarType type, site.type_of_attribute("to"));
  return returns([type](const Inputs& in) { return in[0].to(type); });
}

Result<Kernel> build_cast_like(const OpSite&) {
  return returns([](const Inputs& in) { return in[0].to(in[1].scalar_type()); });
}

/// One slope, or one per channel as ATen has it; other shapes broadcast.
Result<Kernel> build_prelu(const OpSite&) {
  return returns([](const Inputs& in) {
    const at::Tensor& slope = in[1];
    const bool per_channel = in[0].dim() > 1 && slope.numel() == in[0].size(1) &&
                             slope.dim() == in[0].dim() - 1 && slope.size(0) == slope.numel();
    if (per_channel || slope.numel() == 1) return at::prelu(in[0], slope.flatten());
    return at::where(in[0].lt(0), in[0].mul(slope), in[0]);
  });
}

}  // namespace

std::span<const OpRow> unary_ops() {
  static const std::array kRows = {
      OpRow{"Abs", build_plain<at::abs>},
      OpRow{"Acos", build_plain<at::acos>},
      OpRow{"Acosh", build_plain<at::acosh>},
      OpRow{"Asin", build_plain<at::asin>},
      OpRow{"Asinh", build_plain<at::asinh>},
      OpRow{"Atan", build_plain<at::atan>},
      OpRow{"Atanh", build_plain<at::atanh>},
      OpRow{"BitwiseNot", build_plain<at::bitwise_not>},
      OpRow{"Cast", build_cast},
      OpRow{"CastLike", build_cast_like},
      OpRow{"Ceil", build_plain<at::ceil>},
      OpRow{"Celu", build_celu},
      OpRow{"Clip", build_clip},
      OpRow{"Cos", build_plain<at::cos>},
      OpRow{"Cosh", build_plain<at::cosh>},
      OpRow{"Elu", build_elu},
      OpRow{"Erf", build_plain<at::erf>},
      OpRow{"Exp", build_plain<at::exp>},
      OpRow{"Floor", build_plain<at::floor>},
      OpRow{"Gelu", build_gelu},
      OpRow{"HardSigmoid", build_hard_sigmoid},
      OpRow{"HardSwish", build_plain<hard_swish>},
      OpRow{"Identity", build_plain<identity>},
      OpRow{"IsInf", build_is_inf},
      OpRow{"IsNaN", build_plain<is_nan>},
      OpRow{"LeakyRelu", build_leaky_relu},
      OpRow{"Log", build_plain<at::log>},
      OpRow{"Mish", build_plain<at::mish>},
      OpRow{"Neg", build_plain<at::neg>},
      OpRow{"Not", build_plain<at::logical_not>},
      OpRow{"PRelu", build_prelu},
      OpRow{"Reciprocal", build_plain<at::reciprocal>},
      OpRow{"Relu", build_relu},
      OpRow{"Round", build_plain<round_half_even>},
      OpRow{"Selu", build_selu},
      OpRow{"Shrink", build_shrink},
      OpRow{"Sigmoid", build_plain<at::sigmoid>},
      OpRow{"Sign", build_plain<at::sign>},
      OpRow{"Sin", build_plain<at::sin>},
      OpRow{"Sinh", build_plain<at::sinh>},
      OpRow{"Softplus", build_plain<soft_plus>},
      OpRow{"Softsign", build_plain<soft_sign>},
      OpRow{"Sqrt", build_plain<at::sqrt>},
      OpRow{"Tan", build_plain<at::tan>},
      OpRow{"Tanh", build_plain<at::tanh>},
      OpRow{"ThresholdedRelu", build_thresholded_relu},
  };
  return kRows;
}

}  // namespace ridgeline::libtorch
