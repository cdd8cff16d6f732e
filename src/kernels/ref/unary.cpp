#include "kernels/ref/unary.h"

#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "kernels/broadcast.h"
#include "kernels/ref/elements.h"

namespace ridgeline::kernels::ref {
namespace {

constexpr std::array kNames = std::to_array<std::pair<std::string_view, UnaryOp>>({
    {"Abs", UnaryOp::kAbs},
    {"Acos", UnaryOp::kAcos},
    {"Acosh", UnaryOp::kAcosh},
    {"Asin", UnaryOp::kAsin},
    {"Asinh", UnaryOp::kAsinh},
    {"Atan", UnaryOp::kAtan},
    {"Atanh", UnaryOp::kAtanh},
    {"BitwiseNot", UnaryOp::kBitwiseNot},
    {"Ceil", UnaryOp::kCeil},
    {"Celu", UnaryOp::kCelu},
    {"Cos", UnaryOp::kCos},
    {"Cosh", UnaryOp::kCosh},
    {"Elu", UnaryOp::kElu},
    {"Erf", UnaryOp::kErf},
    {"Exp", UnaryOp::kExp},
    {"Floor", UnaryOp::kFloor},
    {"Gelu", UnaryOp::kGelu},
    {"HardSigmoid", UnaryOp::kHardSigmoid},
    {"HardSwish", UnaryOp::kHardSwish},
    {"IsInf", UnaryOp::kIsInf},
    {"IsNaN", UnaryOp::kIsNaN},
    {"LeakyRelu", UnaryOp::kLeakyRelu},
    {"Log", UnaryOp::kLog},
    {"Mish", UnaryOp::kMish},
    {"Neg", UnaryOp::kNeg},
    {"Not", UnaryOp::kNot},
    {"Reciprocal", UnaryOp::kReciprocal},
    {"Relu", UnaryOp::kRelu},
    {"Round", UnaryOp::kRound},
    {"Selu", UnaryOp::kSelu},
    {"Shrink", UnaryOp::kShrink},
    {"Sigmoid", UnaryOp::kSigmoid},
    {"Sign", UnaryOp::kSign},
    {"Sin", UnaryOp::kSin},
    {"Sinh", UnaryOp::kSinh},
    {"Softplus", UnaryOp::kSoftplus},
    {"Softsign", UnaryOp::kSoftsign},
    {"Sqrt", UnaryOp::kSqrt},
    {"Tan", UnaryOp::kTan},
    {"Tanh", UnaryOp::kTanh},
    {"ThresholdedRelu", UnaryOp::kThresholdedRelu},
});

/// out[i] = f(in[i]) in the arithmetic type of T.
template <typename T, typename Out = T, typename F>
Status map(const TensorView& in, const TensorView& out, ThreadPool& pool, F f) {
  const T* source = in.as<T>().data();
  Out* target = out.as<Out>().data();
  pool.parallel_for(in.shape.element_count(), kElementGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) target[i] = static_cast<Out>(f(widen(source[i])));
  });
  return {};
}

struct MapArgs {
  const UnaryParams& params;
  const TensorView& in;
  const TensorView& out;
  ThreadPool& pool;
};

/// The standard library's functions, on floats only.
template <typename T>
std::optional<Status> map_library_function(UnaryOp op, const MapArgs& args) {
  using C = Compute<T>;
  const auto with = [&](auto f) { return map<T>(args.in, args.out, args.pool, f); };
  switch (op) {
    case UnaryOp::kAcos:
      return with([](C x) { return std::acos(x); });
    case UnaryOp::kAcosh:
      return with([](C x) { return std::acosh(x); });
    case UnaryOp::kAsin:
      return with([](C x) { return std::asin(x); });
    case UnaryOp::kAsinh:
      return with([](C x) { return std::asinh(x); });
    case UnaryOp::kAtan:
      return with([](C x) { return std::atan(x); });
    case UnaryOp::kAtanh:
      return with([](C x) { return std::atanh(x); });
    case UnaryOp::kCeil:
      return with([](C x) { return std::ceil(x); });
    case UnaryOp::kCos:
      return with([](C x) { return std::cos(x); });
    case UnaryOp::kCosh:
      return with([](C x) { return std::cosh(x); });
    case UnaryOp::kErf:
      return with([](C x) { return std::erf(x); });
    case UnaryOp::kExp:
      return with([](C x) { return std::exp(x); });
    case UnaryOp::kFloor:
      return with([](C x) { return std::floor(x); });
    case UnaryOp::kLog:
      return with([](C x) { return std::log(x); });
    case UnaryOp::kReciprocal:
      return with([](C x) { return 1 / x; });
    // The default rounding mode is the one ONNX asks for: halves to even.
    case UnaryOp::kRound:
      return with([](C x) { return std::nearbyint(x); });
    case UnaryOp::kSin:
      return with([](C x) { return std::sin(x); });
    case UnaryOp::kSinh:
      return with([](C x) { return std::sinh(x); });
    case UnaryOp::kSqrt:
      return with([](C x) { return std::sqrt(x); });
    case UnaryOp::kTan:
      return with([](C x) { return std::tan(x); });
    case UnaryOp::kTanh:
      return with([](C x) { return std::tanh(x); });
    default:
      return std::nullopt;
  }
}

/// log(1 + exp(x)) without overflow.
template <typename C>
C softplus(C x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

/// Activation functions, on floats only. Formulas: ONNX operator documentation.
template <typename T>
std::optional<Status> map_activation(UnaryOp op, const MapArgs& args) {
  using C = Compute<T>;
  const C a = args.params.alpha, b = args.params.beta;
  const auto with = [&](auto f) { return map<T>(args.in, args.out, args.pool, f); };
  // Comparisons that are false for NaN let it through.
  const auto hard_sigmoid = [](C x, C alpha, C beta) {
    const C y = alpha * x + beta;
    return y < 0 ? C{0} : y > 1 ? C{1} : y;
  };
  switch (op) {
    case UnaryOp::kCelu:
      return with([a](C x) { return x < 0 ? a * std::expm1(x / a) : x; });
    case UnaryOp::kElu:
      return with([a](C x) { return x < 0 ? a * std::expm1(x) : x; });
    case UnaryOp::kGelu:
      return with([](C x) { return x / 2 * (1 + std::erf(x * C(M_SQRT1_2))); });
    case UnaryOp::kGeluTanh:
      return with([](C x) {
        return x / 2 * (1 + std::tanh(C(M_2_SQRTPI * M_SQRT1_2) * (x + C(0.044715) * x * x * x)));
      });
    case UnaryOp::kHardSigmoid:
      return with([=](C x) { return hard_sigmoid(x, a, b); });
    case UnaryOp::kHardSwish:
      return with([=](C x) { return x * hard_sigmoid(x, C{1} / 6, C{0.5}); });
    case UnaryOp::kLeakyRelu:
      return with([a](C x) { return x < 0 ? a * x : x; });
    case UnaryOp::kMish:
      return with([](C x) { return x * std::tanh(softplus(x)); });
    case UnaryOp::kSelu:
      return with([a, b](C x) { return x > 0 ? b * x : b * a * std::expm1(x); });
    case UnaryOp::kSigmoid:
      return with([](C x) { return 1 / (1 + std::exp(-x)); });
    case UnaryOp::kSoftplus:
      return with([](C x) { return softplus(x); });
    case UnaryOp::kSoftsign:
      return with([](C x) { return x / (1 + std::abs(x)); });
    case UnaryOp::kThresholdedRelu:
      return with([a](C x) { return x > a ? x : C{0}; });
    default:
      return std::nullopt;
  }
}

/// Functions that ONNX defines for integers too.
template <typename T>
std::optional<Status> map_number(UnaryOp op, const MapArgs& args) {
  using C = Compute<T>;
  const auto with = [&](auto f) { return map<T>(args.in, args.out, args.pool, f); };
  switch (op) {
    case UnaryOp::kAbs:
      return with([](C x) { return std::is_unsigned_v<C> || x >= 0 ? x : static_cast<C>(-x); });
    case UnaryOp::kNeg:
      return with([](C x) { return static_cast<C>(-x); });
    case UnaryOp::kRelu:
      return with([](C x) { return x < 0 ? C{0} : x; });
    case UnaryOp::kSign:
      return with([](C x) { return static_cast<C>((x > 0) - (x < 0)); });
    case UnaryOp::kShrink:
      return with([lambda = args.params.alpha, bias = args.params.beta](C x) {
        const double wide = static_cast<double>(x);
        return static_cast<C>(wide < -lambda ? wide + bias : wide > lambda ? wide - bias : 0.0);
      });
    case UnaryOp::kBitwiseNot:
      if constexpr (std::is_integral_v<T>) return with([](C x) { return static_cast<C>(~x); });
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

template <typename T>
std::optional<Status> map_to_bool(UnaryOp op, const MapArgs& args) {
  using C = Compute<T>;
  const bool negative = args.params.alpha != 0, positive = args.params.beta != 0;
  const auto with = [&](auto f) { return map<T, bool>(args.in, args.out, args.pool, f); };
  switch (op) {
    case UnaryOp::kIsNaN:
      return with([](C x) { return std::isnan(x); });
    case UnaryOp::kIsInf:
      return with([=](C x) { return std::isinf(x) && (x < 0 ? negative : positive); });
    default:
      return std::nullopt;
  }
}

template <typename T>
std::optional<Status> map_any(UnaryOp op, const MapArgs& args) {
  std::optional<Status> done;
  if constexpr (kIsFloat<T>) {
    done = map_library_function<T>(op, args);
    if (!done) done = map_activation<T>(op, args);
    if (!done) done = map_to_bool<T>(op, args);
  }
  if constexpr (kIsNumber<T>) {
    if (!done) done = map_number<T>(op, args);
  } else if (op == UnaryOp::kNot) {
    done = map<bool>(args.in, args.out, args.pool, [](bool x) { return !x; });
  }
  return done;
}

}  // namespace

std::optional<UnaryOp> unary_op_from_name(std::string_view onnx_name) {
  for (const auto& [name, op] : kNames)
    if (name == onnx_name) return op;
  return std::nullopt;
}

Status unary(UnaryOp op, const UnaryParams& params, const TensorView& in, const TensorView& out,
             ThreadPool& pool) {
  std::optional<Status> done;
  with_element_type(
      in.dtype, [&](auto element) { done = map_any<decltype(element)>(op, MapArgs{params, in, out, pool}); });
  return done ? std::move(*done) : wrong_type("this elementwise function", in.dtype);
}

Status clip(const TensorView& in, const std::byte* low, const std::byte* high, const TensorView& out,
            ThreadPool& pool) {
  return with_number(in.dtype, "Clip", [&](auto element) {
    using T = decltype(element);
    using C = Compute<T>;
    using Limits = std::numeric_limits<C>;
    C floor = Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
    C ceiling = Limits::has_infinity ? Limits::infinity() : Limits::max();
    if (low != nullptr) floor = widen(*reinterpret_cast<const T*>(low));
    if (high != nullptr) ceiling = widen(*reinterpret_cast<const T*>(high));
    // Comparisons that are false for NaN let it through.
    return map<T>(in, out, pool, [=](C x) {
      const C raised = x < floor ? floor : x;
      return raised > ceiling ? ceiling : raised;
    });
  });
}

}  // namespace ridgeline::kernels::ref
