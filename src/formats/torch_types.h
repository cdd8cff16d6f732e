#pragma once

#include <array>
#include <string_view>

#include "tensor/dtype.h"

namespace ridgeline::formats {

/// PyTorch's names of an element type: the class of its typed storages ("" for types newer than those) and
/// the dtype itself.
struct TorchType {
  DType dtype;
  std::string_view storage;
  std::string_view name;
};
inline constexpr std::array kTorchTypes = {TorchType{DType::kF32, "torch.FloatStorage", "torch.float32"},
                                           TorchType{DType::kF64, "torch.DoubleStorage", "torch.float64"},
                                           TorchType{DType::kF16, "torch.HalfStorage", "torch.float16"},
                                           TorchType{DType::kBF16, "torch.BFloat16Storage", "torch.bfloat16"},
                                           TorchType{DType::kI8, "torch.CharStorage", "torch.int8"},
                                           TorchType{DType::kU8, "torch.ByteStorage", "torch.uint8"},
                                           TorchType{DType::kI16, "torch.ShortStorage", "torch.int16"},
                                           TorchType{DType::kI32, "torch.IntStorage", "torch.int32"},
                                           TorchType{DType::kI64, "torch.LongStorage", "torch.int64"},
                                           TorchType{DType::kBool, "torch.BoolStorage", "torch.bool"},
                                           TorchType{DType::kU16, "", "torch.uint16"},
                                           TorchType{DType::kU32, "", "torch.uint32"},
                                           TorchType{DType::kU64, "", "torch.uint64"}};

inline constexpr std::string_view kUntypedStorage = "torch.storage.UntypedStorage";
inline constexpr std::string_view kRebuildTensor = "torch._utils._rebuild_tensor_v2";
/// With the dtype among its arguments, over an untyped storage.
inline constexpr std::string_view kRebuildNewerTensor = "torch._utils._rebuild_tensor_v3";

}  // namespace ridgeline::formats
