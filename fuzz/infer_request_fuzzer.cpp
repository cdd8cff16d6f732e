#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wire/check.h"
#include "wire/http/generate.h"
#include "wire/http/infer_request.h"
#include "wire/http/infer_response.h"

namespace {

using namespace ridgeline;
using namespace ridgeline::wire;

void must(bool promise) {
  if (!promise) std::abort();
}

/// The model that the request would fit if its sizes are right.
ModelSignature model_of(const InferRequest& request) {
  ModelSignature model{.name = "fuzz"};
  for (const InputTensor& input : request.inputs)
    model.inputs.push_back({.name = input.name, .datatype = input.datatype, .dims = input.shape});
  for (const RequestedOutput& output : request.outputs) model.outputs.push_back({.name = output.name});
  return model;
}

/// What passes the check can be answered in either form; one that is printed can be read again.
void check_answer(const InferRequest& request) {
  const Status checked = check_against(model_of(request), request);
  must(checked.ok() || !checked.message().empty());
  if (!checked.ok()) return;
  InferResponse response{.model_name = "fuzz", .model_version = "1", .id = request.id};
  for (const InputTensor& input : request.inputs)
    if (!input.shared_memory)
      response.outputs.push_back({input.name, input.datatype, input.shape, input.data});
  for (const bool binary : {false, true}) {
    Result<http::EncodedResponse> encoded = http::encode_infer_response(response, {.binary_output = binary});
    must(encoded.ok());
    std::string head = std::move(encoded->head);
    head.replace(head.rfind("\"outputs\":["), 9, "\"inputs\"");
    if (binary) continue;
    const http::InferBody again{.model = "fuzz",
                                .bytes = std::as_bytes(std::span(head.data(), head.size())),
                                .header_length = head.size()};
    const auto decoded = http::decode_infer_request(again, {});
    must(decoded.ok() && decoded->inputs.size() == response.outputs.size());
  }
}

}  // namespace

/// The first line is the header's value, the rest the body. Any bytes are a request or a clear refusal.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(input.find('\n'), size);
  const std::string_view rest = input.substr(std::min(line + 1, size));
  http::InferBody body{
      .model = "fuzz", .bytes = std::as_bytes(std::span(rest)), .header_length = rest.size()};
  if (const auto length = http::parse_header_length(input.substr(0, line), rest.size()); length.ok())
    body.header_length = *length;
  const auto request = http::decode_infer_request(body, {});
  must(request.ok() || !request.status().message().empty());
  if (request.ok()) check_answer(*request);

  ModelSignature model{.name = "fuzz"};
  model.inputs.push_back({.name = "INPUT0", .datatype = DType::kF32, .dims = {-1, 16}});
  (void)http::decode_raw_infer_request(body, model);
  model.inputs.push_back({.name = "text", .datatype = DType::kString, .dims = {-1}});
  const auto generate = http::decode_generate_request(body, model, {});
  must(generate.ok() || !generate.status().message().empty());
  return 0;
}
