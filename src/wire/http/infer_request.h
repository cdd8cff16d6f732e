#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/status.h"
#include "wire/infer.h"
#include "wire/signature.h"

namespace ridgeline::wire::http {

/// The header that says how many bytes of a body are JSON, before binary tensor data.
inline constexpr std::string_view kHeaderLength = "Inference-Header-Content-Length";

/// The value of that header, held to the body's size. kInvalidArgument in Triton's words.
Result<size_t> parse_header_length(std::string_view text, size_t body_bytes);

/// The body of POST v2/models/MODEL[/versions/VERSION]/infer after decompression.
struct InferBody {
  std::string_view model;
  std::string_view version;  ///< empty: none in the URL
  std::span<const std::byte> bytes;
  size_t header_length = 0;  ///< bytes.size() where the request has no such header
};

struct RequestLimits {
  size_t tensor_bytes = size_t{64} << 20;  ///< of one input given as JSON (--http-max-input-size)
};

/// Binary inputs are spans into the body, whose owner the caller adds to `keep_alive`; inputs given as JSON
/// become bytes that the request owns. Errors have the code and the words of Triton, so that much of what is
/// wrong with a request is kInternal. Nothing is held to the model: see check_against().
Result<InferRequest> decode_infer_request(const InferBody& body, const RequestLimits& limits);

/// A body that is one input's bytes and nothing else (a header length of 0). Outputs are binary.
Result<InferRequest> decode_raw_infer_request(const InferBody& body, const ModelSignature& signature);

}  // namespace ridgeline::wire::http
