#include "wire/error.h"

#include <gtest/gtest.h>

namespace ridgeline::wire {
namespace {

// The pairs that Triton answers over its two protocols.
TEST(Error, ACodeHasTheStatusThatTritonGivesIt) {
  EXPECT_EQ(http_status_of(ErrorCode::kInvalidArgument), 400);
  EXPECT_EQ(grpc_status_of(ErrorCode::kInvalidArgument), 3);
  EXPECT_EQ(http_status_of(ErrorCode::kNotFound), 404);
  EXPECT_EQ(grpc_status_of(ErrorCode::kNotFound), 5);
  EXPECT_EQ(http_status_of(ErrorCode::kAlreadyExists), 400);
  EXPECT_EQ(grpc_status_of(ErrorCode::kAlreadyExists), 6);
  EXPECT_EQ(http_status_of(ErrorCode::kUnsupported), 501);
  EXPECT_EQ(grpc_status_of(ErrorCode::kUnsupported), 12);
  EXPECT_EQ(http_status_of(ErrorCode::kUnavailable), 503);
  EXPECT_EQ(grpc_status_of(ErrorCode::kUnavailable), 14);
  EXPECT_EQ(http_status_of(ErrorCode::kCancelled), 400);
  EXPECT_EQ(grpc_status_of(ErrorCode::kCancelled), 1);
  EXPECT_EQ(http_status_of(ErrorCode::kInternal), 500);
  EXPECT_EQ(grpc_status_of(ErrorCode::kInternal), 13);
}

TEST(Error, WhatTritonHasNoCodeForIsStillAnError) {
  EXPECT_EQ(http_status_of(ErrorCode::kOutOfMemory), 503);
  EXPECT_EQ(grpc_status_of(ErrorCode::kOutOfMemory), 8);
  EXPECT_EQ(http_status_of(ErrorCode::kTimeout), 504);
  EXPECT_EQ(grpc_status_of(ErrorCode::kTimeout), 4);
}

}  // namespace
}  // namespace ridgeline::wire
