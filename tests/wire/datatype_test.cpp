#include "wire/datatype.h"

#include <gtest/gtest.h>

namespace ridgeline::wire {
namespace {

constexpr DType kAll[] = {DType::kF32, DType::kF16, DType::kBF16, DType::kF64,   DType::kI8,
                          DType::kU8,  DType::kI16, DType::kU16,  DType::kI32,   DType::kU32,
                          DType::kI64, DType::kU64, DType::kBool, DType::kString};

TEST(Datatype, EveryTypeIsFoundByTheNamesItIsGiven) {
  for (const DType dtype : kAll) {
    EXPECT_EQ(datatype_from_name(datatype_name(dtype)), dtype);
    EXPECT_EQ(dtype_from_config_type(config_type_name(dtype)), dtype);
  }
}

TEST(Datatype, NamesAreThoseOfTheProtocol) {
  EXPECT_EQ(datatype_name(DType::kF32), "FP32");
  EXPECT_EQ(datatype_name(DType::kBF16), "BF16");
  EXPECT_EQ(datatype_name(DType::kU8), "UINT8");
  EXPECT_EQ(datatype_name(DType::kBool), "BOOL");
  EXPECT_EQ(datatype_name(DType::kString), "BYTES");
  EXPECT_EQ(config_type_name(DType::kString), "TYPE_STRING");
  EXPECT_EQ(config_type_name(DType::kI64), "TYPE_INT64");
}

TEST(Datatype, OtherNamesAreNone) {
  for (const std::string_view name : {"FLOAT", "fp32", "TYPE_FP32", "STRING", ""})
    EXPECT_FALSE(datatype_from_name(name)) << name;
  for (const std::string_view name : {"FP32", "TYPE_BYTES", "TYPE_INVALID", ""})
    EXPECT_FALSE(dtype_from_config_type(name)) << name;
}

TEST(Datatype, ShapesAreWrittenInBrackets) {
  EXPECT_EQ(bracketed({-1, 16}), "[-1,16]");
  EXPECT_EQ(bracketed({}), "[]");
}

TEST(Datatype, ASizeThatNoMemoryHoldsIsRefused) {
  EXPECT_EQ(*tensor_byte_size(DType::kF16, {2, 3}), 12U);
  EXPECT_EQ(*tensor_byte_size(DType::kString, {2, 3}), 0U);
  EXPECT_EQ(*tensor_byte_size(DType::kF32, {0, int64_t{1} << 62}), 0U);
  EXPECT_FALSE(tensor_byte_size(DType::kF32, {int64_t{1} << 62, 16}).ok());
  EXPECT_FALSE(tensor_byte_size(DType::kF32, {-1, 16}).ok());
}

}  // namespace
}  // namespace ridgeline::wire
