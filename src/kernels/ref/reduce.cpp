#include "kernels/ref/reduce.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "kernels/ref/elements.h"
#include "kernels/ref/lines.h"

namespace ridgeline::kernels::ref {
namespace {

constexpr std::array kNames = std::to_array<std::pair<std::string_view, ReduceOp>>({
    {"ReduceL1", ReduceOp::kL1},
    {"ReduceL2", ReduceOp::kL2},
    {"ReduceLogSum", ReduceOp::kLogSum},
    {"ReduceLogSumExp", ReduceOp::kLogSumExp},
    {"ReduceMax", ReduceOp::kMax},
    {"ReduceMean", ReduceOp::kMean},
    {"ReduceMin", ReduceOp::kMin},
    {"ReduceProd", ReduceOp::kProd},
    {"ReduceSum", ReduceOp::kSum},
    {"ReduceSumSquare", ReduceOp::kSumSquare},
});

/// Some axes of a tensor, walked in order; those that lie evenly in memory are merged.
class Walk {
 public:
  void add(int64_t dim, int64_t stride) {
    count_ *= dim;
    if (dim == 1) return;
    if (rank_ > 0 && strides_[rank_ - 1] == stride * dim) {
      dims_[rank_ - 1] *= dim;
      strides_[rank_ - 1] = stride;
    } else {
      dims_[rank_] = dim;
      strides_[rank_++] = stride;
    }
  }

  int64_t count() const { return count_; }
  int64_t inner_dim() const { return rank_ > 0 ? dims_[rank_ - 1] : 1; }
  int64_t inner_stride() const { return rank_ > 0 ? strides_[rank_ - 1] : 1; }
  int64_t rows() const { return count_ == 0 ? 0 : count_ / inner_dim(); }
  int64_t row_offset(int64_t row) const { return offset(row, rank_ > 0 ? rank_ - 1 : 0); }
  int64_t offset(int64_t index) const { return offset(index, rank_); }

 private:
  int64_t offset(int64_t index, size_t axes) const {
    int64_t sum = 0;
    for (size_t axis = axes; axis-- > 0;) {
      sum += index % dims_[axis] * strides_[axis];
      index /= dims_[axis];
    }
    return sum;
  }

  size_t rank_ = 0;
  int64_t count_ = 1;
  Dims dims_{}, strides_{};
};

/// What a reduction over T does: a state that starts somewhere, takes elements, joins another and ends.
/// Sums of floats run in double, so that the order of adding hardly shows.
template <typename T>
using Wide =
    std::conditional_t<kIsFloat<T>, double, std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>;

template <typename C>
C wrapping_add(C a, C b) {
  if constexpr (std::is_integral_v<C>)
    return static_cast<C>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  else
    return a + b;
}
template <typename C>
C wrapping_multiply(C a, C b) {
  if constexpr (std::is_integral_v<C>)
    return static_cast<C>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  else
    return a * b;
}

template <typename T, ReduceOp op>
struct Summing {
  using State = Wide<T>;
  static State start() { return 0; }
  static State take(State state, Compute<T> x) {
    const auto wide = static_cast<State>(+x);
    if constexpr (op == ReduceOp::kL1) {
      return wrapping_add<State>(state,
                                 wide < 0 ? wrapping_multiply<State>(wide, static_cast<State>(-1)) : wide);
    } else if constexpr (op == ReduceOp::kL2 || op == ReduceOp::kSumSquare) {
      return wrapping_add<State>(state, wrapping_multiply<State>(wide, wide));
    } else {
      return wrapping_add<State>(state, wide);
    }
  }
  static State join(State a, State b) { return wrapping_add<State>(a, b); }
  static T end(State state, int64_t count) {
    if constexpr (op == ReduceOp::kL2) return narrow(std::sqrt(static_cast<double>(state)));
    if constexpr (op == ReduceOp::kLogSum) return narrow(std::log(static_cast<double>(state)));
    if constexpr (op == ReduceOp::kMean)
      return count == 0 ? narrow(std::numeric_limits<double>::quiet_NaN())
                        : narrow(state / static_cast<State>(count));
    return narrow(state);
  }
  template <typename From>
  static T narrow(From value) {
    if constexpr (std::is_integral_v<T> && std::is_floating_point_v<From>)
      if (!std::isfinite(value)) return 0;
    return static_cast<T>(static_cast<Compute<T>>(value));
  }
};

template <typename T>
struct Multiplying {
  using State = Wide<T>;
  static State start() { return 1; }
  static State take(State state, Compute<T> x) {
    return wrapping_multiply<State>(state, static_cast<State>(+x));
  }
  static State join(State a, State b) { return wrapping_multiply<State>(a, b); }
  static T end(State state, int64_t) { return static_cast<T>(static_cast<Compute<T>>(state)); }
};

template <typename C>
bool is_nan(C x) {
  if constexpr (std::is_floating_point_v<C>) return std::isnan(x);
  return false;
}

/// NaN wins, as it does in NumPy.
template <typename T, bool largest>
struct Choosing {
  using State = Compute<T>;
  using Limits = std::numeric_limits<State>;
  static State start() {
    if constexpr (Limits::has_infinity) return largest ? -Limits::infinity() : Limits::infinity();
    return largest ? Limits::lowest() : Limits::max();
  }
  static State take(State state, State x) {
    const bool is_better = largest ? x > state : x < state;
    return is_better || is_nan(x) ? x : state;
  }
  static State join(State a, State b) { return take(a, b); }
  static T end(State state, int64_t) { return static_cast<T>(state); }
};

/// Keeps the largest element apart, so that no exponential overflows.
template <typename T>
struct LogSumExp {
  struct State {
    double largest = -std::numeric_limits<double>::infinity();
    double sum = 0;  ///< of exp(x − largest)
  };
  static State start() { return {}; }
  static State take(State state, Compute<T> x) { return join(state, {static_cast<double>(x), 1}); }
  static State join(State a, State b) {
    if (b.largest > a.largest) std::swap(a, b);
    if (b.sum == 0 || b.largest == -std::numeric_limits<double>::infinity()) return a;
    return {a.largest, a.sum + b.sum * std::exp(b.largest - a.largest)};
  }
  static T end(State state, int64_t) {
    const double result = state.largest + std::log(state.sum);
    return static_cast<T>(static_cast<Compute<T>>(result));
  }
};

struct ReduceArgs {
  const TensorView& in;
  const TensorView& out;
  Walk kept, reduced;
  ThreadPool& pool;
};

/// A row of elements that lie side by side, taken by several states at once.
template <typename T, typename Rule>
typename Rule::State take_dense(typename Rule::State state, const T* row, int64_t count) {
  constexpr int64_t kLanes = 8;
  if (count >= 2 * kLanes) {
    std::array<typename Rule::State, kLanes> lanes;
    lanes.fill(Rule::start());
    const int64_t whole = count / kLanes * kLanes;
    for (int64_t i = 0; i < whole; i += kLanes)
      for (int64_t lane = 0; lane < kLanes; ++lane)
        lanes[static_cast<size_t>(lane)] = Rule::take(lanes[static_cast<size_t>(lane)], widen(row[i + lane]));
    for (const auto& lane : lanes) state = Rule::join(state, lane);
    row += whole;
    count -= whole;
  }
  for (int64_t i = 0; i < count; ++i) state = Rule::take(state, widen(row[i]));
  return state;
}

/// One output at a time: the reduced elements of each lie side by side.
template <typename T, typename Rule>
void reduce_rows(const ReduceArgs& args) {
  const T* in = args.in.as<T>().data();
  T* out = args.out.as<T>().data();
  const int64_t dim = args.reduced.inner_dim(), stride = args.reduced.inner_stride();
  const int64_t grain = std::max<int64_t>(1, kElementGrain / std::max<int64_t>(1, args.reduced.count()));
  args.pool.parallel_for(args.kept.count(), grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      auto state = Rule::start();
      const T* base = in + args.kept.offset(i);
      for (int64_t row = 0; row < args.reduced.rows(); ++row) {
        const T* source = base + args.reduced.row_offset(row);
        if (stride == 1) {
          state = take_dense<T, Rule>(state, source, dim);
        } else {
          for (int64_t j = 0; j < dim; ++j) state = Rule::take(state, widen(source[j * stride]));
        }
      }
      out[i] = Rule::end(state, args.reduced.count());
    }
  });
}

/// Outputs that lie side by side take their elements together.
template <typename T, typename Rule>
void reduce_columns(const ReduceArgs& args) {
  constexpr int64_t kColumns = 64;
  const T* in = args.in.as<T>().data();
  T* out = args.out.as<T>().data();
  const int64_t width = args.kept.inner_dim();
  const int64_t blocks = (width + kColumns - 1) / kColumns;
  const int64_t work = std::max<int64_t>(1, args.reduced.count()) * std::min(width, kColumns);
  const int64_t grain = std::max<int64_t>(1, kElementGrain / work);
  args.pool.parallel_for(args.kept.rows() * blocks, grain, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const int64_t first = block % blocks * kColumns, count = std::min(kColumns, width - first);
      const T* base = in + args.kept.row_offset(block / blocks) + first;
      std::array<typename Rule::State, kColumns> states;
      states.fill(Rule::start());
      for (int64_t j = 0; j < args.reduced.count(); ++j) {
        const T* source = base + args.reduced.offset(j);
        for (int64_t i = 0; i < count; ++i)
          states[static_cast<size_t>(i)] = Rule::take(states[static_cast<size_t>(i)], widen(source[i]));
      }
      T* target = out + block / blocks * width + first;
      for (int64_t i = 0; i < count; ++i)
        target[i] = Rule::end(states[static_cast<size_t>(i)], args.reduced.count());
    }
  });
}

template <typename T, typename Rule>
Status reduce_with(const ReduceArgs& args) {
  const bool in_columns = args.kept.inner_stride() == 1 && args.kept.inner_dim() > 1;
  if (in_columns && args.reduced.count() > 1) {
    reduce_columns<T, Rule>(args);
  } else {
    reduce_rows<T, Rule>(args);
  }
  return {};
}

template <typename T>
Status reduce_any(ReduceOp op, const ReduceArgs& args) {
  switch (op) {
    case ReduceOp::kL1:
      return reduce_with<T, Summing<T, ReduceOp::kL1>>(args);
    case ReduceOp::kL2:
      return reduce_with<T, Summing<T, ReduceOp::kL2>>(args);
    case ReduceOp::kLogSum:
      return reduce_with<T, Summing<T, ReduceOp::kLogSum>>(args);
    case ReduceOp::kLogSumExp:
      return reduce_with<T, LogSumExp<T>>(args);
    case ReduceOp::kMax:
      return reduce_with<T, Choosing<T, true>>(args);
    case ReduceOp::kMean:
      return reduce_with<T, Summing<T, ReduceOp::kMean>>(args);
    case ReduceOp::kMin:
      return reduce_with<T, Choosing<T, false>>(args);
    case ReduceOp::kProd:
      return reduce_with<T, Multiplying<T>>(args);
    case ReduceOp::kSum:
      return reduce_with<T, Summing<T, ReduceOp::kSum>>(args);
    case ReduceOp::kSumSquare:
      return reduce_with<T, Summing<T, ReduceOp::kSumSquare>>(args);
  }
  return internal_error("reduction {} is not known", static_cast<int>(op));
}

}  // namespace

std::optional<ReduceOp> reduce_op_from_name(std::string_view onnx_name) {
  for (const auto& [name, op] : kNames)
    if (name == onnx_name) return op;
  return std::nullopt;
}

Status reduce(ReduceOp op, const TensorView& in, const AxisSet& axes, const TensorView& out,
              ThreadPool& pool) {
  ReduceArgs args{in, out, {}, {}, pool};
  const Dims strides = strides_of(in.shape);
  for (size_t axis = 0; axis < in.shape.rank(); ++axis)
    (axes[axis] ? args.reduced : args.kept).add(in.shape[axis], strides[axis]);
  return with_number(in.dtype, "a reduction",
                     [&](auto element) { return reduce_any<decltype(element)>(op, args); });
}

Status arg_extreme(const ArgRule& rule, const TensorView& in, size_t axis, const TensorView& out,
                   ThreadPool& pool) {
  return with_number(in.dtype, "ArgMax", [&](auto element) {
    using T = decltype(element);
    const T* source = in.as<T>().data();
    int64_t* target = out.as<int64_t>().data();
    Lines(in.shape, axis).for_each(pool, [&](const Line& line) {
      int64_t best = 0;
      for (int64_t i = 1; i < line.count; ++i) {
        const auto value = widen(source[line.at(i)]), so_far = widen(source[line.at(best)]);
        const bool is_better = rule.largest ? value > so_far : value < so_far;
        if (is_better || (rule.tie == Tie::kLast && value == so_far)) best = i;
      }
      target[line.index] = best;
    });
    return Status();
  });
}

Status cum_sum(const CumSumRule& rule, const TensorView& in, size_t axis, const TensorView& out,
               ThreadPool& pool) {
  return with_number(in.dtype, "CumSum", [&](auto element) {
    using T = decltype(element);
    const T* source = in.as<T>().data();
    T* target = out.as<T>().data();
    Lines(in.shape, axis).for_each(pool, [&](const Line& line) {
      Wide<T> sum = 0;
      for (int64_t i = 0; i < line.count; ++i) {
        const int64_t at = line.at(rule.reverse ? line.count - 1 - i : i);
        const Wide<T> next = wrapping_add<Wide<T>>(sum, static_cast<Wide<T>>(+widen(source[at])));
        target[at] = static_cast<T>(static_cast<Compute<T>>(rule.exclusive ? sum : next));
        sum = next;
      }
    });
    return Status();
  });
}

}  // namespace ridgeline::kernels::ref
