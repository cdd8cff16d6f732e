#include "base/status.h"

#include <gtest/gtest.h>

namespace ridgeline {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return invalid_argument("{} is odd", value);
  return value / 2;
}

Result<int> quarter(int value) {
  ASSIGN_OR_RETURN(const int once, half(value));
  return half(once);
}

TEST(Status, AResultHoldsItsValueOrTheFirstError) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).status().message(), "3 is odd");
  EXPECT_EQ(quarter(6).status().code(), ErrorCode::kInvalidArgument);
}

TEST(Status, ContextIsPutBeforeTheMessageAndLeavesSuccessAlone) {
  EXPECT_EQ(invalid_argument("bad").with_context("file.onnx").message(), "file.onnx: bad");
  EXPECT_TRUE(Status().with_context("file.onnx").ok());
}

TEST(Status, BadInputExitsWithTwoAndFailedWorkWithOne) {
  EXPECT_EQ(exit_code_of(ErrorCode::kInvalidArgument), 2);
  EXPECT_EQ(exit_code_of(ErrorCode::kUnsupported), 2);
  EXPECT_EQ(exit_code_of(ErrorCode::kInternal), 1);
  EXPECT_EQ(exit_code_of(ErrorCode::kTimeout), 1);
}

}  // namespace
}  // namespace ridgeline
