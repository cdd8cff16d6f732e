// An identity server made of the codec alone is sent what a real Triton was sent, and has to answer the same
// bytes.

#include <array>
#include <cstring>
#include <gtest/gtest.h>
#include <set>

#include "wire/check.h"
#include "wire/error.h"
#include "wire/http/infer_request.h"
#include "wire/http/infer_response.h"
#include "wire/recorded.h"

namespace ridgeline::wire::http {
namespace {

struct Answer {
  int status = 200;
  std::string body;
  std::optional<size_t> header_length;
};

/// What the recorded clients had put into region r0: 0.0 to 15.0, and 64 bytes more.
std::span<const std::byte> region(const SharedMemoryRef& memory) {
  static const std::array<float, 32> kRegion = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return std::as_bytes(std::span(kRegion)).subspan(memory.offset, memory.byte_size);
}

Result<InferRequest> decode(const RecordedCase& recorded, const ModelSignature& model) {
  InferBody body{
      .model = model.name, .bytes = bytes_of(recorded.request), .header_length = recorded.request.size()};
  if (recorded.header_length) {
    ASSIGN_OR_RETURN(body.header_length, parse_header_length(*recorded.header_length, body.bytes.size()));
    if (body.header_length == 0) return decode_raw_infer_request(body, model);
  }
  return decode_infer_request(body, {});
}

Result<Answer> infer(const RecordedCase& recorded, const ModelSignature& model) {
  ASSIGN_OR_RETURN(const InferRequest request, decode(recorded, model));
  RETURN_IF_ERROR(check_against(model, request));
  InferResponse response{.model_name = model.name, .model_version = "1", .id = request.id};
  for (size_t i = 0; i < model.outputs.size(); ++i) {
    const std::string& name = model.outputs[i].name;
    const auto asked = std::find_if(request.outputs.begin(), request.outputs.end(),
                                    [&](const RequestedOutput& output) { return output.name == name; });
    if (!request.outputs.empty() && asked == request.outputs.end()) continue;
    for (const InputTensor& input : request.inputs)
      if (input.name == model.inputs[i].name)
        response.outputs.push_back({name, input.datatype, input.shape,
                                    input.shared_memory ? region(*input.shared_memory) : input.data});
  }
  ASSIGN_OR_RETURN(const EncodedResponse encoded,
                   encode_infer_response(response, {.outputs = request.outputs,
                                                    .binary_output = request.binary_output,
                                                    .batched = model.max_batch_size > 0}));
  Answer answer{.body = encoded.head};
  if (encoded.binary()) answer.header_length = encoded.head.size();
  for (const std::span<const std::byte> tensor : encoded.tensors)
    answer.body.append(reinterpret_cast<const char*>(tensor.data()), tensor.size());
  return answer;
}

Answer answer_to(const RecordedCase& recorded) {
  const std::string_view path =
      std::string_view(recorded.path).substr(std::string_view("/v2/models/").size());
  const Result<Answer> answer = infer(recorded, recorded_model(path.substr(0, path.find('/'))));
  if (answer.ok()) return *answer;
  return {http_status_of(answer.status().code()), encode_error(answer.status().message()), std::nullopt};
}

/// Answered by what stands before or behind the codec: the URL, the repository, regions, a model that fails.
bool is_beyond_the_codec(std::string_view name) {
  static const std::set<std::string_view> kNames = {
      "err_unknown_model_infer", "err_bad_version_infer", "err_version_minus1", "notready_after_unload_infer",
      "notready_failed_infer",   "loading_infer",         "shm_infer_unknown",  "shm_infer_oob",
      "shm_out_small",           "fail_exec_0",           "fail_exec_2",        "fail_exec_5"};
  return kNames.contains(name);
}

/// Answered otherwise on purpose; see docs/serve.md, and the tests below.
bool is_a_listed_difference(std::string_view name) { return name == "types_json_FP16"; }

TEST(RecordedInfer, EveryAnswerIsTritonsByteForByte) {
  size_t held = 0;
  for (const RecordedCase& recorded : recorded_cases()) {
    if (!recorded.path.ends_with("/infer") || is_beyond_the_codec(recorded.name)) continue;
    if (is_a_listed_difference(recorded.name)) continue;
    SCOPED_TRACE(recorded.name);
    const Answer answer = answer_to(recorded);
    EXPECT_EQ(answer.status, recorded.status);
    EXPECT_EQ(answer.body, recorded.response);
    EXPECT_EQ(answer.header_length, recorded.response_header_length);
    ++held;
  }
  EXPECT_EQ(held, 75U);
}

TEST(RecordedInfer, Fp16IsReadAndPrintedAsNumbersWhereTritonRefusesIt) {
  const RecordedCase recorded = recorded_case("types_json_FP16");
  EXPECT_EQ(recorded.status, 400);
  const Answer answer = answer_to(recorded);
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(
      answer.body,
      R"({"model_name":"identity_multi","model_version":"1","outputs":[{"name":"OUT_FP16","datatype":"FP16",)"
      R"("shape":[2],"data":[1.0,2.0]}]})");
}

TEST(RecordedInfer, ADeepDocumentIsTheClientsFaultWhereTritonCallsItInternal) {
  const RecordedCase deep{
      .name = "err_deep_nest", .path = "/v2/models/identity_py/infer", .request = std::string(100000, '[')};
  const Answer answer = answer_to(deep);
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, encode_error("JSON nesting depth exceeds maximum allowed limit (100)"));
}

}  // namespace
}  // namespace ridgeline::wire::http
