#include "kernels/ref/binary.h"

#include <array>
#include <cmath>
#include <cstring>
#include <utility>

#include "kernels/broadcast.h"
#include "kernels/ref/elements.h"

namespace ridgeline::kernels::ref {
namespace {

constexpr std::array kNames = std::to_array<std::pair<std::string_view, BinaryOp>>({
    {"Add", BinaryOp::kAdd},
    {"And", BinaryOp::kAnd},
    {"BitwiseAnd", BinaryOp::kBitwiseAnd},
    {"BitwiseOr", BinaryOp::kBitwiseOr},
    {"BitwiseXor", BinaryOp::kBitwiseXor},
    {"Div", BinaryOp::kDiv},
    {"Equal", BinaryOp::kEqual},
    {"Greater", BinaryOp::kGreater},
    {"GreaterOrEqual", BinaryOp::kGreaterOrEqual},
    {"Less", BinaryOp::kLess},
    {"LessOrEqual", BinaryOp::kLessOrEqual},
    {"Max", BinaryOp::kMax},
    {"Min", BinaryOp::kMin},
    {"Mod", BinaryOp::kMod},
    {"Mul", BinaryOp::kMul},
    {"Or", BinaryOp::kOr},
    {"PRelu", BinaryOp::kPRelu},
    {"Pow", BinaryOp::kPow},
    {"Sub", BinaryOp::kSub},
    {"Xor", BinaryOp::kXor},
});

struct Operands {
  const TensorView& a;
  const TensorView& b;
  const TensorView& out;
  ThreadPool& pool;
};

/// out = f(a, b) in the arithmetic types of A and B.
template <typename A, typename B, typename Out, typename F>
Status zip(const Operands& args, F f) {
  const A* a = args.a.as<A>().data();
  const B* b = args.b.as<B>().data();
  Out* out = args.out.as<Out>().data();
  const BroadcastWalk<2> walk(args.out.shape, {&args.a.shape, &args.b.shape});
  walk.for_rows(args.pool, [&](int64_t first, int64_t count, const auto& at, const auto& step) {
    const A* left = a + at[0];
    const B* right = b + at[1];
    Out* row = out + first;
    // The usual strides are spelt out, so that their loops become vector code.
    if (step[0] == 1 && step[1] == 1) {
      for (int64_t i = 0; i < count; ++i) row[i] = static_cast<Out>(f(widen(left[i]), widen(right[i])));
    } else if (step[0] == 1 && step[1] == 0) {
      const auto y = widen(*right);
      for (int64_t i = 0; i < count; ++i) row[i] = static_cast<Out>(f(widen(left[i]), y));
    } else if (step[0] == 0 && step[1] == 1) {
      const auto x = widen(*left);
      for (int64_t i = 0; i < count; ++i) row[i] = static_cast<Out>(f(x, widen(right[i])));
    } else {
      for (int64_t i = 0; i < count; ++i)
        row[i] = static_cast<Out>(f(widen(left[i * step[0]]), widen(right[i * step[1]])));
    }
  });
  return {};
}

/// Wraps around as two's complement hardware does, where signed overflow would be undefined.
template <typename C, typename F>
C wrapping(C x, C y, F f) {
  if constexpr (std::is_integral_v<C>) {
    return static_cast<C>(f(static_cast<uint64_t>(x), static_cast<uint64_t>(y)));
  } else {
    return f(x, y);
  }
}

template <typename C>
C divide(C x, C y) {
  if constexpr (std::is_integral_v<C>) {
    if (y == 0) return 0;
    if constexpr (std::is_signed_v<C>)
      if (y == -1) return static_cast<C>(0 - static_cast<uint64_t>(x));
    return static_cast<C>(x / y);
  } else {
    return x / y;
  }
}

/// The remainder with the sign of the divisor (Python's %), or of the dividend (C's fmod).
template <typename C>
C remainder(C x, C y, bool sign_of_dividend) {
  if constexpr (std::is_integral_v<C>) {
    if (y == 0 || y == static_cast<C>(-1))
      return std::is_signed_v<C> || y == 0 ? C{0} : static_cast<C>(x % y);
    const C rest = static_cast<C>(x % y);
    return sign_of_dividend || rest == 0 || (rest < 0) == (y < 0) ? rest : static_cast<C>(rest + y);
  } else {
    const C rest = std::fmod(x, y);
    return sign_of_dividend || rest == 0 || (rest < 0) == (y < 0) ? rest : rest + y;
  }
}

/// NaN wins, as it does in NumPy.
template <typename C>
C maximum(C x, C y) {
  return x > y || x != x ? x : y;
}
template <typename C>
C minimum(C x, C y) {
  return x < y || x != x ? x : y;
}

template <typename T>
std::optional<Status> zip_arithmetic(BinaryOp op, const Operands& args) {
  using C = Compute<T>;
  const auto with = [&](auto f) { return zip<T, T, T>(args, f); };
  switch (op) {
    case BinaryOp::kAdd:
      return with([](C x, C y) { return wrapping(x, y, [](auto p, auto q) { return p + q; }); });
    case BinaryOp::kSub:
      return with([](C x, C y) { return wrapping(x, y, [](auto p, auto q) { return p - q; }); });
    case BinaryOp::kMul:
      return with([](C x, C y) { return wrapping(x, y, [](auto p, auto q) { return p * q; }); });
    case BinaryOp::kDiv:
      return with([](C x, C y) { return divide(x, y); });
    case BinaryOp::kMod:
      return with([](C x, C y) { return remainder(x, y, false); });
    case BinaryOp::kFmod:
      return with([](C x, C y) { return remainder(x, y, true); });
    case BinaryOp::kMax:
      return with([](C x, C y) { return maximum(x, y); });
    case BinaryOp::kMin:
      return with([](C x, C y) { return minimum(x, y); });
    case BinaryOp::kPRelu:
      return with([](C x, C y) { return x < 0 ? wrapping(x, y, [](auto p, auto q) { return p * q; }) : x; });
    default:
      return std::nullopt;
  }
}

template <typename T>
std::optional<Status> zip_bits(BinaryOp op, const Operands& args) {
  const auto with = [&](auto f) { return zip<T, T, T>(args, f); };
  switch (op) {
    case BinaryOp::kBitwiseAnd:
      return with([](T x, T y) { return x & y; });
    case BinaryOp::kBitwiseOr:
      return with([](T x, T y) { return x | y; });
    case BinaryOp::kBitwiseXor:
      return with([](T x, T y) { return x ^ y; });
    default:
      break;
  }
  if constexpr (std::is_unsigned_v<T>) {
    constexpr T kBits = sizeof(T) * 8;
    switch (op) {
      case BinaryOp::kBitShiftLeft:
        return with(
            [](T x, T y) { return y < kBits ? static_cast<T>(static_cast<uint64_t>(x) << y) : T{0}; });
      case BinaryOp::kBitShiftRight:
        return with([](T x, T y) { return y < kBits ? static_cast<T>(x >> y) : T{0}; });
      default:
        break;
    }
  }
  return std::nullopt;
}

template <typename T>
std::optional<Status> zip_comparison(BinaryOp op, const Operands& args) {
  using C = Compute<T>;
  const auto with = [&](auto f) { return zip<T, T, bool>(args, f); };
  switch (op) {
    case BinaryOp::kEqual:
      return with([](C x, C y) { return x == y; });
    case BinaryOp::kGreater:
      return with([](C x, C y) { return x > y; });
    case BinaryOp::kGreaterOrEqual:
      return with([](C x, C y) { return x >= y; });
    case BinaryOp::kLess:
      return with([](C x, C y) { return x < y; });
    case BinaryOp::kLessOrEqual:
      return with([](C x, C y) { return x <= y; });
    default:
      return std::nullopt;
  }
}

std::optional<Status> zip_logic(BinaryOp op, const Operands& args) {
  const auto with = [&](auto f) { return zip<bool, bool, bool>(args, f); };
  switch (op) {
    case BinaryOp::kAnd:
      return with([](bool x, bool y) { return x && y; });
    case BinaryOp::kOr:
      return with([](bool x, bool y) { return x || y; });
    case BinaryOp::kXor:
      return with([](bool x, bool y) { return x != y; });
    case BinaryOp::kEqual:
      return with([](bool x, bool y) { return x == y; });
    default:
      return std::nullopt;
  }
}

/// Base and exponent may differ in type; the result has the base's.
Status power(const Operands& args) {
  return with_number(args.a.dtype, "Pow", [&](auto base) {
    return with_number(args.b.dtype, "Pow with an exponent", [&](auto exponent) {
      using A = decltype(base);
      using B = decltype(exponent);
      if constexpr (std::is_same_v<Compute<A>, float> && std::is_same_v<A, B>) {
        return zip<A, B, A>(args, [](float x, float y) { return y == 2 ? x * x : std::pow(x, y); });
      } else {
        return zip<A, B, A>(args, [](auto x, auto y) {
          return static_cast<Compute<A>>(std::pow(static_cast<double>(x), static_cast<double>(y)));
        });
      }
    });
  });
}

template <typename T>
std::optional<Status> zip_any(BinaryOp op, const Operands& args) {
  if constexpr (!kIsNumber<T>) return zip_logic(op, args);
  std::optional<Status> done;
  if constexpr (kIsNumber<T>) {
    done = zip_arithmetic<T>(op, args);
    if (!done) done = zip_comparison<T>(op, args);
  }
  if constexpr (kIsNumber<T> && std::is_integral_v<T>) {
    if (!done) done = zip_bits<T>(op, args);
  }
  return done;
}

}  // namespace

std::optional<BinaryOp> binary_op_from_name(std::string_view onnx_name) {
  for (const auto& [name, op] : kNames)
    if (name == onnx_name) return op;
  return std::nullopt;
}

Status binary(BinaryOp op, const TensorView& a, const TensorView& b, const TensorView& out,
              ThreadPool& pool) {
  const Operands args{a, b, out, pool};
  if (op == BinaryOp::kPow) return power(args);
  if (a.dtype != b.dtype)
    return unsupported("operands of {} and {} elements", name_of(a.dtype), name_of(b.dtype));
  std::optional<Status> done;
  with_element_type(a.dtype, [&](auto element) { done = zip_any<decltype(element)>(op, args); });
  return done ? std::move(*done) : wrong_type("this elementwise function", a.dtype);
}

Status fold(BinaryOp op, std::span<const TensorView> in, float scale, const TensorView& out,
            ThreadPool& pool) {
  expand(in[0], out, pool);
  for (const TensorView& next : in.subspan(1)) RETURN_IF_ERROR(binary(op, out, next, out, pool));
  if (scale == 1) return {};
  return with_float(out.dtype, "Mean", [&](auto element) {
    using T = decltype(element);
    for (T& value : out.as<T>()) value = static_cast<T>(widen(value) * static_cast<Compute<T>>(scale));
    return Status();
  });
}

void where(const TensorView& condition, const TensorView& a, const TensorView& b, const TensorView& out,
           ThreadPool& pool) {
  with_element_bits(out.dtype, [&](auto bits) {
    using T = decltype(bits);
    const bool* choose = condition.as<bool>().data();
    const T* left = a.as<T>().data();
    const T* right = b.as<T>().data();
    T* target = out.as<T>().data();
    const BroadcastWalk<3> walk(out.shape, {&condition.shape, &a.shape, &b.shape});
    walk.for_rows(pool, [&](int64_t first, int64_t count, const auto& at, const auto& step) {
      for (int64_t i = 0; i < count; ++i)
        target[first + i] =
            choose[at[0] + i * step[0]] ? left[at[1] + i * step[1]] : right[at[2] + i * step[2]];
    });
  });
}

void expand(const TensorView& in, const TensorView& out, ThreadPool& pool) {
  with_element_bits(out.dtype, [&](auto bits) {
    using T = decltype(bits);
    const T* source = in.as<T>().data();
    T* target = out.as<T>().data();
    const BroadcastWalk<1> walk(out.shape, {&in.shape});
    walk.for_rows(pool, [&](int64_t first, int64_t count, const auto& at, const auto& step) {
      for (int64_t i = 0; i < count; ++i) target[first + i] = source[at[0] + i * step[0]];
    });
  });
}

}  // namespace ridgeline::kernels::ref
