#include "wire/recorded.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "base/json.h"
#include "wire/datatype.h"

namespace ridgeline::wire {

std::string bytes_from(const std::string& utf8) {
  std::string bytes;
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    if (lead < 0x80)
      bytes.push_back(utf8[i]);
    else
      bytes.push_back(static_cast<char>((lead & 3) << 6 | (static_cast<unsigned char>(utf8[++i]) & 0x3F)));
  }
  return bytes;
}

std::vector<RecordedCase> recorded_cases() {
  const Result<Json> document = read_json(WIRE_TEST_DATA "/http_cases.json");
  EXPECT_TRUE(document.ok()) << document.status().message();
  std::vector<RecordedCase> cases;
  for (const Json& item : *document) {
    RecordedCase recorded{.name = item["name"],
                          .method = item["method"],
                          .path = item["path"],
                          .request = bytes_from(item["request"]),
                          .status = item["status"],
                          .response = bytes_from(item["response"])};
    if (item.contains("header_length")) recorded.header_length = item["header_length"];
    if (item.contains("response_header_length"))
      recorded.response_header_length = item["response_header_length"];
    cases.push_back(std::move(recorded));
  }
  return cases;
}

RecordedCase recorded_case(std::string_view name) {
  for (RecordedCase& recorded : recorded_cases())
    if (recorded.name == name) return std::move(recorded);
  ADD_FAILURE() << "no recorded case " << name;
  return {};
}

ModelSignature recorded_model(std::string_view name) {
  ModelSignature model{.name = std::string(name)};
  if (name == "identity_multi") {
    for (const DType dtype :
         {DType::kBool, DType::kU8, DType::kU16, DType::kU32, DType::kU64, DType::kI8, DType::kI16,
          DType::kI32, DType::kI64, DType::kF16, DType::kF32, DType::kF64, DType::kString}) {
      const std::string suffix(datatype_name(dtype));
      model.inputs.push_back({.name = "IN_" + suffix, .datatype = dtype, .dims = {-1}, .optional = true});
      model.outputs.push_back({.name = "OUT_" + suffix, .datatype = dtype, .dims = {-1}});
    }
    return model;
  }
  TensorSignature tensor{.name = "INPUT0", .datatype = DType::kF32, .dims = {-1, 16}};
  if (name == "identity_b8") {
    model.max_batch_size = 8;
    tensor.dims = {16};
  } else if (name == "identity_bytes") {
    tensor.datatype = DType::kString;
    tensor.dims = {-1};
  }
  model.inputs.push_back(tensor);
  tensor.name = "OUTPUT0";
  model.outputs.push_back(tensor);
  return model;
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace ridgeline::wire
