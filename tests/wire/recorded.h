#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wire/signature.h"

/// Requests that a Triton 2.51 server was sent and what it answered (data/http_cases.json). A body's bytes
/// stand as the code points of a JSON string.
namespace ridgeline::wire {

struct RecordedCase {
  std::string name;
  std::string method;
  std::string path;
  std::string request;
  std::optional<std::string> header_length;  ///< Inference-Header-Content-Length of the request
  int status = 0;
  std::string response;
  std::optional<size_t> response_header_length;
};

/// Code points below 256 back to bytes.
std::string bytes_from(const std::string& utf8);

std::vector<RecordedCase> recorded_cases();
RecordedCase recorded_case(std::string_view name);

/// Of the models that were asked: identity_py, identity_b8, identity_bytes and identity_multi.
ModelSignature recorded_model(std::string_view name);

std::span<const std::byte> bytes_of(std::string_view text);

}  // namespace ridgeline::wire
