#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/status.h"
#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace ridgeline::kernels::ref {

/// Elementwise functions of two broadcast tensors, by their ONNX names (BitShift has two, by direction).
enum class BinaryOp {
  kAdd,
  kAnd,
  kBitShiftLeft,
  kBitShiftRight,
  kBitwiseAnd,
  kBitwiseOr,
  kBitwiseXor,
  kDiv,
  kEqual,
  kFmod,
  kGreater,
  kGreaterOrEqual,
  kLess,
  kLessOrEqual,
  kMax,
  kMin,
  kMod,
  kMul,
  kOr,
  kPRelu,
  kPow,
  kSub,
  kXor
};
/// "Add", "Mul", …; none for BitShift and fmod, which attributes choose.
std::optional<BinaryOp> binary_op_from_name(std::string_view onnx_name);

/// a and b share an element type (Pow's exponent may have its own) and broadcast to out's shape; comparisons
/// give bool. Integer division by zero and the remainder by zero give 0. out may be an operand of its own
/// type and shape. kUnsupported for an element type that ONNX does not allow.
Status binary(BinaryOp op, const TensorView& a, const TensorView& b, const TensorView& out, ThreadPool& pool);

/// Folds `in` (one or more) from the left with Max, Min or Add, out holding the partial results; then
/// multiplies by `scale` unless that is 1.
Status fold(BinaryOp op, std::span<const TensorView> in, float scale, const TensorView& out,
            ThreadPool& pool);

/// out = condition ? a : b, all broadcast.
void where(const TensorView& condition, const TensorView& a, const TensorView& b, const TensorView& out,
           ThreadPool& pool);

/// out = in broadcast to out's shape (Expand).
void expand(const TensorView& in, const TensorView& out, ThreadPool& pool);

}  // namespace ridgeline::kernels::ref
