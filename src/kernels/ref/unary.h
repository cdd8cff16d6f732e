#pragma once

#include <optional>
#include <string_view>

#include "base/status.h"
#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace ridgeline::kernels::ref {

/// Elementwise functions of one tensor, by their ONNX names.
enum class UnaryOp {
  kAbs,
  kAcos,
  kAcosh,
  kAsin,
  kAsinh,
  kAtan,
  kAtanh,
  kBitwiseNot,
  kCeil,
  kCelu,
  kCos,
  kCosh,
  kElu,
  kErf,
  kExp,
  kFloor,
  kGelu,
  kGeluTanh,
  kHardSigmoid,
  kHardSwish,
  kIsInf,
  kIsNaN,
  kLeakyRelu,
  kLog,
  kMish,
  kNeg,
  kNot,
  kReciprocal,
  kRelu,
  kRound,
  kSelu,
  kShrink,
  kSigmoid,
  kSign,
  kSin,
  kSinh,
  kSoftplus,
  kSoftsign,
  kSqrt,
  kTan,
  kTanh,
  kThresholdedRelu
};
std::optional<UnaryOp> unary_op_from_name(std::string_view onnx_name);

/// Attributes of the function in the order of its ONNX documentation (alpha, beta; lambd, bias; for IsInf
/// whether negative and positive infinities count).
struct UnaryParams {
  float alpha = 0;
  float beta = 0;
};

/// out has in's element type, and may be in itself, or bool for IsNaN and IsInf. kUnsupported for an element
/// type that ONNX does not allow.
Status unary(UnaryOp op, const UnaryParams& params, const TensorView& in, const TensorView& out,
             ThreadPool& pool);

/// out = min(max(in, low), high); an absent bound is null, a present one is a scalar of in's type.
Status clip(const TensorView& in, const std::byte* low, const std::byte* high, const TensorView& out,
            ThreadPool& pool);

}  // namespace ridgeline::kernels::ref
