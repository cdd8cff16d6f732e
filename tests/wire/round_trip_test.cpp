// Any tensor that is sent comes back the same, in either form.

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

#include "base/rng.h"
#include "tensor/element.h"
#include "wire/bytes.h"
#include "wire/check.h"
#include "wire/datatype.h"
#include "wire/http/infer_request.h"
#include "wire/http/infer_response.h"
#include "wire/recorded.h"

namespace ridgeline::wire::http {
namespace {

constexpr DType kAll[] = {DType::kF32, DType::kF16, DType::kBF16, DType::kF64,   DType::kI8,
                          DType::kU8,  DType::kI16, DType::kU16,  DType::kI32,   DType::kU32,
                          DType::kI64, DType::kU64, DType::kBool, DType::kString};

Shape random_shape(Rng& rng) {
  Shape shape;
  for (uint64_t rank = rng.below(4); rank > 0; --rank)
    shape.dims().push_back(static_cast<int64_t>(rng.below(4)));
  return shape;
}

std::string random_text(Rng& rng) {
  std::string text;
  for (uint64_t size = rng.below(9); size > 0; --size) text.push_back(static_cast<char>(rng.below(0x80)));
  return text;
}

std::vector<std::byte> random_elements(Rng& rng, DType dtype, int64_t count) {
  std::vector<std::byte> bytes;
  for (int64_t i = 0; i < count; ++i) {
    if (dtype == DType::kString) {
      append_string(bytes, random_text(rng));
      continue;
    }
    with_element_type(dtype, [&](auto element) {
      using T = decltype(element);
      const uint64_t bits = rng.next();
      std::memcpy(static_cast<void*>(&element), &bits, sizeof(T));
      if constexpr (std::is_same_v<T, bool>)
        element = (bits & 1) != 0;
      else if constexpr (std::is_same_v<T, double>)
        element = std::isnan(element) ? 0 : element;
      else if constexpr (!std::is_integral_v<T>)
        element =
            std::isnan(static_cast<float>(element)) ? T{} : element;  // which NaN it is does not survive JSON
      const auto* at = reinterpret_cast<const std::byte*>(&element);
      bytes.insert(bytes.end(), at, at + sizeof(T));
    });
  }
  return bytes;
}

std::string body_of(const EncodedResponse& encoded) {
  std::string body = encoded.head;
  for (const auto tensor : encoded.tensors)
    body.append(reinterpret_cast<const char*>(tensor.data()), tensor.size());
  return body;
}

/// An answer's outputs are spelled like a request's inputs.
std::string as_request(std::string head) { return head.replace(head.find("\"outputs\""), 9, "\"inputs\""); }

TEST(RoundTrip, EveryDatatypeComesBackInBothForms) {
  Rng rng(20261121);
  for (const DType dtype : kAll) {
    for (int round = 0; round < 64; ++round) {
      const bool binary = round % 2 == 0;
      const Shape shape = random_shape(rng);
      const std::vector<std::byte> bytes = random_elements(rng, dtype, shape.element_count());
      const InferResponse response{
          .model_name = "m", .model_version = "1", .outputs = {{"T", dtype, shape, bytes}}};
      const Result<EncodedResponse> encoded = encode_infer_response(response, {.binary_output = binary});
      ASSERT_TRUE(encoded.ok()) << encoded.status().message();
      std::string body = body_of(encoded.value());
      const size_t head = as_request(encoded.value().head).size();
      body = as_request(body);
      SCOPED_TRACE(body);
      const InferBody request{.model = "m", .bytes = bytes_of(body), .header_length = head};
      const Result<InferRequest> decoded = decode_infer_request(request, {});
      ASSERT_TRUE(decoded.ok()) << decoded.status().message();
      const InputTensor& input = decoded.value().inputs.at(0);
      EXPECT_EQ(input.datatype, dtype);
      EXPECT_EQ(input.shape, shape);
      EXPECT_TRUE(std::equal(input.data.begin(), input.data.end(), bytes.begin(), bytes.end()));
      const ModelSignature model{.name = "m", .inputs = {{.name = "T", .datatype = dtype, .dims = shape}}};
      EXPECT_TRUE(check_against(model, decoded.value()).ok());
    }
  }
}

TEST(RoundTrip, BinaryTensorsAreNotCopied) {
  const std::vector<std::byte> bytes(64);
  const InferResponse response{.model_name = "m", .outputs = {{"T", DType::kF32, {16}, bytes}}};
  const Result<EncodedResponse> encoded = encode_infer_response(response, {.binary_output = true});
  ASSERT_EQ(encoded.value().tensors.size(), 1U);
  EXPECT_EQ(encoded.value().tensors[0].data(), bytes.data());
  const std::string body =
      R"({"inputs":[{"name":"T","shape":[4],"datatype":"UINT8","parameters":{"binary_data_size":4}}]}abcd)";
  const Result<InferRequest> request =
      decode_infer_request({.model = "m", .bytes = bytes_of(body), .header_length = body.size() - 4}, {});
  ASSERT_TRUE(request.ok()) << request.status().message();
  EXPECT_EQ(request.value().inputs[0].data.data(), bytes_of(body).data() + body.size() - 4);
}

}  // namespace
}  // namespace ridgeline::wire::http
