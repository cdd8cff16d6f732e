#include "wire/http/infer_request.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>

#include "wire/recorded.h"

namespace ridgeline::wire::http {
namespace {

Result<InferRequest> decode(std::string_view json, const RequestLimits& limits = {}) {
  return decode_infer_request({.model = "m", .bytes = bytes_of(json), .header_length = json.size()}, limits);
}

std::string refusal(std::string_view json) { return decode(json).status().message(); }

std::string input(std::string_view datatype, std::string_view shape, std::string_view data) {
  return fmt::format(R"({{"inputs":[{{"name":"T","shape":{},"datatype":"{}","data":{}}}]}})", shape, datatype,
                     data);
}

template <typename T>
std::vector<T> values_of(std::string_view json) {
  const Result<InferRequest> request = decode(json);
  EXPECT_TRUE(request.ok()) << request.status().message();
  if (!request.ok()) return {};
  const auto data = request.value().inputs.at(0).data;
  std::vector<T> values(data.size() / sizeof(T));
  std::memcpy(values.data(), data.data(), data.size());
  return values;
}

TEST(InferRequest, DataMayStandBeforeItsDatatype) {
  EXPECT_EQ(values_of<int16_t>(
                R"({"inputs":[{"data":[[1,-2],[3, 4]],"name":"T","shape":[2,2],"datatype":"INT16"}]})"),
            (std::vector<int16_t>{1, -2, 3, 4}));
  EXPECT_EQ(refusal(R"({"inputs":[{"data":[1,"x"],"name":"T","shape":[2],"datatype":"INT16"}]})"),
            "Unable to parse 'data': attempt to access JSON non-signed-integer as signed-integer");
}

TEST(InferRequest, ListsMayBeNestedInAnyWay) {
  EXPECT_EQ(values_of<float>(input("FP32", "[6]", "[1,[2,3],[[4]],[],5,6]")),
            (std::vector<float>{1, 2, 3, 4, 5, 6}));
}

TEST(InferRequest, NumbersAreTheNearestOnes) {
  const double least = std::numeric_limits<double>::denorm_min();
  const double most = std::numeric_limits<double>::max();
  EXPECT_EQ(values_of<double>(
                input("FP64", "[8]", "[0.1,1e23,5e-324,1.7976931348623157e308,1e-400,-1e-400,-0.0,2]")),
            (std::vector<double>{0.1, 1e23, least, most, 0, -0.0, -0.0, 2}));
  EXPECT_TRUE(std::signbit(values_of<double>(input("FP64", "[2]", "[-0.0,1]"))[0]));
  EXPECT_EQ(values_of<double>(input("FP64", "[2]", "[18446744073709551616,1]"))[0], 18446744073709551616.0);
  EXPECT_EQ(values_of<uint64_t>(input("UINT64", "[2]", "[18446744073709551615,-0]"))[0], ~uint64_t{0});
}

TEST(InferRequest, NanAndInfinityAreNumbers) {
  const std::vector<float> values = values_of<float>(input("FP32", "[4]", "[NaN, Infinity,-Infinity,1]"));
  ASSERT_EQ(values.size(), 4U);
  EXPECT_TRUE(std::isnan(values[0]));
  EXPECT_EQ(values[1], std::numeric_limits<float>::infinity());
  EXPECT_EQ(values[2], -std::numeric_limits<float>::infinity());
}

// An exponent like this makes RapidJSON 1.1 read far out of its table (CVE-2024-38517).
TEST(InferRequest, AnExponentThatOverflowsAnIntIsANumberLikeAnother) {
  EXPECT_EQ(values_of<double>(input("FP64", "[2]", "[0.0000000001e-2147483639,1]")),
            (std::vector<double>{0, 1}));
  EXPECT_EQ(values_of<double>(input("FP64", "[1]", "[0.0000000001e-2147483639]")), (std::vector<double>{0}));
  EXPECT_FALSE(decode(input("FP64", "[2]", "[1e400,1]")).ok());
}

TEST(InferRequest, WhatIsNotJsonIsRefusedWhereverItStands) {
  for (const char* data :
       {"[1,2,]", "[1,,2]", "[01,2]", "[1.,2]", "[.5,2]", "[1,2", "[1 2]", "[+1,2]", "[1e,2]", "[-,2]"})
    EXPECT_TRUE(refusal(input("FP32", "[2]", data)).starts_with("failed to parse the request JSON buffer: "))
        << data;
}

TEST(InferRequest, AnElementOfAnotherKindIsRefused) {
  EXPECT_EQ(refusal(input("FP32", "[2]", R"([{"a":[1,2]},1])")),
            "Unable to parse 'data': attempt to access JSON non-number as double");
  EXPECT_EQ(refusal(input("BOOL", "[1]", "[1]")),
            "Unable to parse 'data': attempt to access JSON non-boolean as boolean");
  EXPECT_EQ(refusal(input("UINT8", "[1]", "[-1]")),
            "Unable to parse 'data': attempt to access JSON non-unsigned-integer as unsigned-integer");
  EXPECT_EQ(refusal(input("INT64", "[1]", "[9223372036854775808]")),
            "Unable to parse 'data': attempt to access JSON non-signed-integer as signed-integer");
  // Past the shape, the count is at fault.
  EXPECT_EQ(refusal(input("FP32", "[1]", R"([1,"x"])")),
            "Unable to parse 'data': Shape does not match true shape of 'data' field");
}

TEST(InferRequest, AShapeThatNoMemoryHoldsNamesItsInput) {
  EXPECT_EQ(refusal(input("FP32", "[4611686018427387904,16]", "[1]")),
            "invalid shape for input 'T': shape [4611686018427387904,16] causes total element count to "
            "exceed maximum size "
            "of 9223372036854775807");
  EXPECT_EQ(refusal(input("FP32", "[18446744073709551615]", "[1]")),
            "invalid shape for input 'T': shape [-1] contains one or more invalid dimensions");
  EXPECT_EQ(refusal(input("FP32", "[1000000000000]", "[1]")),
            "Unable to parse 'data': Shape does not match true shape of 'data' field");
}

TEST(InferRequest, ReservedParametersGetTheirFieldsAndOthersAreKept) {
  const Result<InferRequest> decoded = decode(
      R"({"parameters":{"sequence_id":"s","sequence_start":true,"sequence_end":true,"priority":3,"timeout":250,)"
      R"("binary_data_output":true,"a":-1,"b":"x","c":false,"d":0.5},"inputs":[]})");
  ASSERT_TRUE(decoded.ok()) << decoded.status().message();
  const InferRequest& request = decoded.value();
  EXPECT_EQ(std::get<std::string>(request.sequence.id), "s");
  EXPECT_TRUE(request.sequence.start && request.sequence.end && request.binary_output);
  EXPECT_EQ(request.priority, 3U);
  EXPECT_EQ(request.timeout_us, 250U);
  ASSERT_EQ(request.parameters.size(), 4U);
  EXPECT_EQ(*find(request.parameters, "a"), Parameter(int64_t{-1}));
  EXPECT_EQ(*find(request.parameters, "b"), Parameter(std::string("x")));
  EXPECT_EQ(*find(request.parameters, "c"), Parameter(false));
  EXPECT_EQ(*find(request.parameters, "d"), Parameter(0.5));
  EXPECT_EQ(find(request.parameters, "e"), nullptr);
  EXPECT_EQ(
      refusal(R"({"parameters":{"triton_x":1},"inputs":[]})"),
      "parameter keys starting with 'triton_' are reserved for Triton usage and should not be specified.");
  EXPECT_EQ(refusal(R"({"parameters":{"x":[1]},"inputs":[]})"),
            "parameter 'x' has invalid type. It should be either 'int', 'bool', or 'string'.");
  EXPECT_EQ(refusal(R"({"parameters":{"priority":-1},"inputs":[]})"),
            "Unable to parse 'priority': attempt to access JSON non-unsigned-integer as unsigned-integer");
}

TEST(InferRequest, SharedMemoryIsReferredTo) {
  const Result<InferRequest> decoded = decode(
      R"({"inputs":[{"name":"T","shape":[1],"datatype":"FP32","parameters":{"shared_memory_region":"r",)"
      R"("shared_memory_offset":8,"shared_memory_byte_size":4}}],"outputs":[{"name":"O","parameters":)"
      R"({"shared_memory_region":"q","shared_memory_byte_size":16}}]})");
  ASSERT_TRUE(decoded.ok()) << decoded.status().message();
  EXPECT_EQ(decoded.value().inputs[0].shared_memory, (SharedMemoryRef{"r", 8, 4}));
  EXPECT_EQ(decoded.value().outputs[0].shared_memory, (SharedMemoryRef{"q", 0, 16}));
  EXPECT_EQ(
      refusal(
          R"({"inputs":[],"outputs":[{"name":"O","parameters":{"shared_memory_region":"q","classification":1}}]})"),
      "Output can't set both 'shared_memory_region' and 'classification'");
  EXPECT_EQ(
      refusal(
          R"({"inputs":[],"outputs":[{"name":"O","parameters":{"shared_memory_region":"q","binary_data":true}}]})"),
      "Output can't set both 'shared_memory_region' and 'binary_data'");
}

TEST(InferRequest, LimitsHold) {
  EXPECT_EQ(
      decode(input("FP32", "[4]", "[1,2,3,4]"), {.tensor_bytes = 8}).status().message(),
      "JSON input 'T' has a byte_size (16 bytes) that exceeds the maximum allowed value of 8 bytes. Use "
      "--http-max-input-size to increase the limit.");
  std::string many = R"({"x":[0)";
  for (int i = 0; i < 70000; ++i) many += ",0";
  EXPECT_EQ(decode(many + R"(],"inputs":[]})").status().code(), ErrorCode::kInvalidArgument);
  std::string data = "[0";
  for (int i = 1; i < 70000; ++i) data += ",0";
  EXPECT_TRUE(decode(input("UINT8", "[70000]", data + "]")).ok());
}

TEST(InferRequest, AByteOrderMarkIsPassedOver) { EXPECT_TRUE(decode("\xEF\xBB\xBF{\"inputs\":[]}").ok()); }

TEST(InferRequest, TheHeadersLengthIsHeldToTheBody) {
  EXPECT_EQ(*parse_header_length("0", 10), 0U);
  EXPECT_EQ(*parse_header_length("10", 10), 10U);
  EXPECT_EQ(parse_header_length("11", 10).status().message(),
            "inference header size should be in range (0, 10), got: 11");
  EXPECT_EQ(parse_header_length("x", 10).status().message(),
            "Unable to parse Inference-Header-Content-Length, got: x");
  EXPECT_EQ(parse_header_length("99999999999", 10).status().message(),
            "Unable to parse Inference-Header-Content-Length, value is out of range [ -2147483648, "
            "2147483647 ], got: "
            "99999999999");
}

TEST(InferRequest, ARawBodyTakesItsShapeFromTheModel) {
  const std::string body(128, '\0');
  const InferBody raw{.model = "identity_py", .bytes = bytes_of(body)};
  const Result<InferRequest> request = decode_raw_infer_request(raw, recorded_model("identity_py"));
  ASSERT_TRUE(request.ok()) << request.status().message();
  EXPECT_EQ(request.value().inputs[0].shape, (Shape{2, 16}));
  EXPECT_TRUE(request.value().binary_output);
  EXPECT_EQ(request.value().inputs[0].data.data(), raw.bytes.data());
  EXPECT_EQ(decode_raw_infer_request(raw, recorded_model("identity_multi")).status().code(),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(
      decode_raw_infer_request(raw, recorded_model("identity_bytes")).status().message(),
      "[request id: <id_unknown>] For BYTE datatype raw input 'INPUT0', the model must have input shape [1]");
}

}  // namespace
}  // namespace ridgeline::wire::http
