#pragma once

#include <bitset>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "base/thread_pool.h"
#include "kernels/broadcast.h"
#include "tensor/tensor.h"

namespace ridgeline::kernels::ref {

/// ONNX's Reduce family.
enum class ReduceOp { kL1, kL2, kLogSum, kLogSumExp, kMax, kMean, kMin, kProd, kSum, kSumSquare };
/// "ReduceSum", …
std::optional<ReduceOp> reduce_op_from_name(std::string_view onnx_name);

using AxisSet = std::bitset<kMaxRank>;

/// Reduces over `axes`; out holds the rest in order, with or without the reduced axes as 1. A sum over
/// nothing is the operation's neutral element. Integers wrap around, and a mean of integers truncates.
/// kUnsupported for bool.
Status reduce(ReduceOp op, const TensorView& in, const AxisSet& axes, const TensorView& out,
              ThreadPool& pool);

/// Which of several equal extremes counts.
enum class Tie { kFirst, kLast };
struct ArgRule {
  bool largest = true;
  Tie tie = Tie::kFirst;
};
/// Position (i64) of the largest element along `axis`, or of the smallest.
Status arg_extreme(const ArgRule& rule, const TensorView& in, size_t axis, const TensorView& out,
                   ThreadPool& pool);

struct CumSumRule {
  bool exclusive = false;  ///< an element's own value does not count
  bool reverse = false;
};
/// Sums of the elements up to each along `axis`.
Status cum_sum(const CumSumRule& rule, const TensorView& in, size_t axis, const TensorView& out,
               ThreadPool& pool);

}  // namespace ridgeline::kernels::ref
