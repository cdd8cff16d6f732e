#include "graph/onnx_dtype.h"

#include <algorithm>
#include <array>

namespace ridgeline {
namespace {

struct Row {
  int64_t number;
  DType dtype;
};
constexpr std::array<Row, 14> kRows = {{{1, DType::kF32},
                                        {2, DType::kU8},
                                        {3, DType::kI8},
                                        {4, DType::kU16},
                                        {5, DType::kI16},
                                        {6, DType::kI32},
                                        {7, DType::kI64},
                                        {8, DType::kString},
                                        {9, DType::kBool},
                                        {10, DType::kF16},
                                        {11, DType::kF64},
                                        {12, DType::kU32},
                                        {13, DType::kU64},
                                        {16, DType::kBF16}}};

}  // namespace

std::optional<DType> dtype_from_onnx(int64_t number) {
  const auto found =
      std::find_if(kRows.begin(), kRows.end(), [&](const Row& row) { return row.number == number; });
  return found == kRows.end() ? std::nullopt : std::optional(found->dtype);
}

int64_t onnx_number_of(DType dtype) {
  return std::find_if(kRows.begin(), kRows.end(), [&](const Row& row) { return row.dtype == dtype; })->number;
}

}  // namespace ridgeline
