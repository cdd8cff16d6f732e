#include <cstdint>
#include <cstdlib>

#include "grpc_service.pb.h"
#include "wire/grpc/infer.h"

namespace {

using namespace ridgeline;
using namespace ridgeline::wire;

void must(bool promise) {
  if (!promise) std::abort();
}

/// An answer with the request's tensors can be read by clients.
void check_answer(const InferRequest& request) {
  InferResponse response{.model_name = request.model, .id = request.id, .parameters = request.parameters};
  for (const InputTensor& input : request.inputs)
    response.outputs.push_back({input.name, input.datatype, input.shape, input.data});
  std::string bytes;
  for (const grpc::Piece& piece : grpc::encode_streamed(response))
    bytes.append(piece.framing)
        .append(reinterpret_cast<const char*>(piece.tensor.data()), piece.tensor.size());
  inference::ModelStreamInferResponse message;
  must(message.ParseFromString(bytes));
  must(message.infer_response().raw_output_contents_size() == static_cast<int>(request.inputs.size()));
}

}  // namespace

/// Bytes are a message exactly where protobuf says so, with the same raw contents; a message is a request or
/// a clear refusal.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  inference::ModelInferRequest by_protobuf;
  const bool is_message = by_protobuf.ParseFromArray(data, static_cast<int>(size));
  auto parsed = grpc::parse(std::as_bytes(std::span(data, size)), nullptr);
  must(parsed.ok() == is_message);
  if (!parsed.ok()) return 0;
  must(parsed->raw_contents.size() == static_cast<size_t>(by_protobuf.raw_input_contents_size()));
  for (int i = 0; i < by_protobuf.raw_input_contents_size(); ++i)
    must(parsed->raw_contents[static_cast<size_t>(i)].size() == by_protobuf.raw_input_contents(i).size());
  by_protobuf.clear_raw_input_contents();
  must(by_protobuf.ByteSizeLong() == parsed->message->ByteSizeLong());
  const auto request = grpc::decode(*std::move(parsed));
  must(request.ok() || !request.status().message().empty());
  if (request.ok()) check_answer(*request);
  return 0;
}
