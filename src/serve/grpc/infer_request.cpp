#include "serve/grpc/infer_request.h"

#include "grpc_service.pb.h"
#include "serve/grpc/buffers.h"

namespace ridgeline::serve::grpc {
namespace {

/// Takes the parameter out of the model's.
Result<bool> take_empty_final(wire::InferRequest& request) {
  constexpr std::string_view kName = "triton_enable_empty_final_response";
  const auto found =
      std::ranges::find(request.parameters, kName, [](const auto& entry) { return entry.first; });
  if (found == request.parameters.end()) return false;
  const bool* wanted = std::get_if<bool>(&found->second);
  if (wanted == nullptr)
    return invalid_argument("invalid value type for '{}' parameter, expected bool_param.", kName);
  const bool taken = *wanted;
  request.parameters.erase(found);
  return taken;
}

}  // namespace

Result<ReadRequest> read_request(const Front& front, const ::grpc::ByteBuffer& message, std::string& id) {
  ASSIGN_OR_RETURN(HeldBytes held, bytes_of(message, front.options.message_bytes));
  ASSIGN_OR_RETURN(wire::grpc::ParsedRequest parsed, wire::grpc::parse(held.bytes, std::move(held.owner)));
  id = parsed.message->id();
  RETURN_IF_ERROR(check_version(parsed.message->model_version()));
  ReadRequest read;
  ASSIGN_OR_RETURN(read.model,
                   front.service.find(parsed.message->model_name(), parsed.message->model_version()));
  ASSIGN_OR_RETURN(read.request, wire::grpc::decode(std::move(parsed)));
  ASSIGN_OR_RETURN(read.wants_empty_final, take_empty_final(read.request));
  return read;
}

}  // namespace ridgeline::serve::grpc
