#include <array>
#include <gtest/gtest.h>
#include <limits>

#include "tensor/element.h"
#include "wire/bytes.h"
#include "wire/classification.h"
#include "wire/http/generate.h"
#include "wire/http/infer_response.h"
#include "wire/recorded.h"

namespace ridgeline::wire {
namespace {

template <typename T, size_t N>
OutputTensor output(DType dtype, Shape shape, const std::array<T, N>& values) {
  return {"O", dtype, std::move(shape), std::as_bytes(std::span(values))};
}

std::vector<std::string> strings_of(std::span<const std::byte> tensor) {
  std::vector<std::string> texts;
  while (const auto text = take_string(tensor)) texts.emplace_back(*text);
  return texts;
}

TEST(Classification, TheBestOfEachItemComeFirstWithTheirLabels) {
  const std::array<float, 6> values = {0.5F, 2, 1, 3, 3, -1};
  const std::vector<std::string> labels = {"cat", "", "dog"};
  const Result<Classes> classes = best_classes(output(DType::kF32, {2, 3}, values), 2, true, labels);
  ASSERT_TRUE(classes.ok()) << classes.status().message();
  EXPECT_EQ(classes.value().shape, (Shape{2, 2}));
  EXPECT_EQ(strings_of(classes.value().bytes),
            (std::vector<std::string>{"2.000000:1", "1.000000:2:dog", "3.000000:0:cat", "3.000000:1"}));
}

TEST(Classification, NanIsBelowAllAndMoreClassesThanThereAreIsAll) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::array<float, 3> values = {nan, 1, nan};
  const Result<Classes> classes = best_classes(output(DType::kF32, {3}, values), 9, false, {});
  EXPECT_EQ(strings_of(classes.value().bytes), (std::vector<std::string>{"1.000000:1", "nan:0", "nan:2"}));
}

TEST(Classification, IntegersAndHalvesHaveAnOrderAndTextHasNone) {
  const std::array<uint8_t, 2> bytes = {7, 200};
  EXPECT_EQ(strings_of(best_classes(output(DType::kU8, {2}, bytes), 1, false, {}).value().bytes),
            std::vector<std::string>{"200:1"});
  const std::array<F16, 2> halves = {F16(1.5F), F16(-2)};
  EXPECT_EQ(strings_of(best_classes(output(DType::kF16, {2}, halves), 1, false, {}).value().bytes),
            std::vector<std::string>{"1.500000:0"});
  EXPECT_EQ(best_classes(output(DType::kString, {2}, bytes), 1, false, {}).status().message(),
            "class result not available for output due to unsupported type 'BYTES'");
}

TEST(InferResponse, ClassesMayBeBinaryToo) {
  const std::array<float, 2> values = {1, 2};
  const InferResponse response{
      .model_name = "m", .model_version = "1", .outputs = {output(DType::kF32, {2}, values)}};
  const std::array<RequestedOutput, 1> asked = {
      RequestedOutput{.name = "O", .binary = true, .classification = 1}};
  const auto encoded = http::encode_infer_response(response, {.outputs = asked});
  ASSERT_TRUE(encoded.ok()) << encoded.status().message();
  ASSERT_EQ(encoded.value().tensors.size(), 1U);
  EXPECT_EQ(strings_of(encoded.value().tensors[0]), std::vector<std::string>{"2.000000:1"});
}

TEST(InferResponse, ParametersAreSentAndSharedMemoryIsNamed) {
  const std::array<float, 2> values = {1, 2};
  const InferResponse response{
      .model_name = "m",
      .model_version = "1",
      .id = "i\"",
      .parameters = {{"a", int64_t{-1}}, {"b", true}, {"c", 0.5}, {"d", std::string("x")}},
      .outputs = {output(DType::kF32, {2}, values)}};
  const std::array<RequestedOutput, 1> asked = {
      RequestedOutput{.name = "O", .shared_memory = SharedMemoryRef{"r", 0, 8}}};
  EXPECT_EQ(
      http::encode_infer_response(response, {.outputs = asked}).value().head,
      R"({"id":"i\"","model_name":"m","model_version":"1","parameters":{"a":-1,"b":true,"c":0.5,"d":"x"},)"
      R"("outputs":[{"name":"O","datatype":"FP32","shape":[2]}]})");
}

TEST(InferResponse, AnOutputWhoseBytesAreNotItsShapesIsRefused) {
  const std::array<float, 2> values = {1, 2};
  const InferResponse response{.outputs = {output(DType::kF32, {3}, values)}};
  EXPECT_EQ(http::encode_infer_response(response, {}).status().message(),
            "Failed to write 'data' field: output tensor shape does not match size of output for 'O'");
}

class Generate : public ::testing::Test {
 protected:
  static Result<InferRequest> decode(std::string_view json) {
    ModelSignature model{.name = "m", .max_batch_size = 8};
    model.inputs = {{.name = "text", .datatype = DType::kString, .dims = {1}},
                    {.name = "n", .datatype = DType::kI32, .dims = {-1, 2}}};
    return http::decode_generate_request({.model = "m", .bytes = bytes_of(json)}, model, {});
  }
};

TEST_F(Generate, MembersNamedLikeInputsBecomeTensors) {
  const Result<InferRequest> request =
      decode(R"({"id":"7","text":"hi","n":[1,2,3,4],"parameters":{"temperature":0.5},"stream":false})");
  ASSERT_TRUE(request.ok()) << request.status().message();
  EXPECT_EQ(request.value().id, "7");
  ASSERT_EQ(request.value().inputs.size(), 2U);
  EXPECT_EQ(request.value().inputs[0].shape, (Shape{1, 1}));
  EXPECT_EQ(strings_of(request.value().inputs[0].data), std::vector<std::string>{"hi"});
  EXPECT_EQ(request.value().inputs[1].shape, (Shape{1, 2, 2}));
  EXPECT_EQ(*find(request.value().parameters, "temperature"), Parameter(0.5));
  EXPECT_EQ(*find(request.value().parameters, "stream"), Parameter(false));
}

TEST_F(Generate, WhatDoesNotFitIsRefused) {
  EXPECT_EQ(decode(R"({"n":[1,2,3]})").status().message(),
            "The schema can not convert input 'n' to tensor with proper shape");
  EXPECT_EQ(decode(R"({"n":["a","b"]})").status().message(),
            "Unable to parse 'data': attempt to access JSON non-signed-integer as signed-integer");
  EXPECT_EQ(decode(R"({"x":[1]})").status().message(),
            "parameter 'x' has invalid type. It should be either 'int', 'bool', or 'string'.");
  EXPECT_EQ(decode(R"({"parameters":1})").status().message(),
            "Expected JSON object for keyword: 'parameters': attempt to access JSON non-object as object");
  EXPECT_EQ(decode("[]").status().message(), "attempt to get members for non-object");
}

TEST_F(Generate, OneElementStandsWithoutAList) {
  const std::array<int32_t, 1> one = {5};
  const InferResponse response{
      .model_name = "m", .model_version = "1", .outputs = {output(DType::kI32, {1, 1}, one)}};
  EXPECT_EQ(*http::encode_generate_response(response), R"({"O":5,"model_name":"m","model_version":"1"})");
  EXPECT_EQ(http::server_sent_event("{}"), "data: {}\n\n");
}

}  // namespace
}  // namespace ridgeline::wire
