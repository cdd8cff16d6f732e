#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "wire/infer.h"

namespace ridgeline::wire::http {

/// What the client asked for, and what of the model its answer needs.
struct ResponseForm {
  std::span<const RequestedOutput> outputs;  ///< those of the request
  bool binary_output = false;                ///< of the request: holds where `outputs` is empty
  bool batched = false;                      ///< the model has a batch dimension
  /// Class names by output (label_filename); nullptr: none.
  const std::map<std::string, std::vector<std::string>, std::less<>>* labels = nullptr;
};

/// The body of an answer: the head, then each of `tensors`.
struct EncodedResponse {
  std::string head;
  std::vector<std::span<const std::byte>> tensors;  ///< the response's own memory, or `made`
  std::vector<std::vector<std::byte>> made;         ///< classes that are sent in binary form

  /// Content-Type application/octet-stream with kHeaderLength set to the head's size; otherwise
  /// application/json.
  bool binary() const { return !tensors.empty(); }
};

/// Tensors in binary form stay where they are. Outputs in shared memory, which are there already, are only
/// named. kInternal when the bytes of an output that is printed are not those of its shape.
Result<EncodedResponse> encode_infer_response(const InferResponse& response, const ResponseForm& form);

/// {"error":"…"}
std::string encode_error(std::string_view message);

}  // namespace ridgeline::wire::http
