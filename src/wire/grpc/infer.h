#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "wire/infer.h"

namespace inference {
class ModelInferRequest;
}  // namespace inference

namespace ridgeline::wire::grpc {

/// A ModelInferRequest whose raw contents were left where they are.
struct ParsedRequest {
  std::shared_ptr<const inference::ModelInferRequest> message;  ///< without raw_input_contents
  std::vector<std::span<const std::byte>> raw_contents;
  std::shared_ptr<const void> owner;  ///< of the bytes that the spans point to
};

/// kInvalidArgument for bytes that are no such message.
Result<ParsedRequest> parse(std::span<const std::byte> bytes, std::shared_ptr<const void> owner);

/// The request that a message holds. Raw contents are not copied; typed contents are copied once, into the
/// form that raw ones have. The request keeps alive what its spans point to. kInvalidArgument, with Triton's
/// words, for reserved parameters of a wrong type, for contents in both forms, of another type than the
/// tensor's, or missing. Whether tensors are as the model wants them is not looked at.
Result<InferRequest> decode(ParsedRequest parsed);

/// A part of a message: what leads to a tensor's bytes, and these.
struct Piece {
  std::string framing;
  std::span<const std::byte> tensor;  ///< points to where the answer's output does
};

/// The ModelInferResponse of an answer, outputs in raw_output_contents: its bytes are those of the pieces,
/// one after another. Copies no tensor.
std::vector<Piece> encode(const InferResponse& response);

/// The same as the infer_response of a ModelStreamInferResponse.
std::vector<Piece> encode_streamed(const InferResponse& response);

/// The ModelStreamInferResponse of a request that has failed.
std::string encode_stream_error(std::string_view error, std::string_view request_id);

}  // namespace ridgeline::wire::grpc
