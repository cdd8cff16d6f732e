#pragma once

#include <google/protobuf/message_lite.h>
#include <grpcpp/support/byte_buffer.h>
#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "wire/grpc/infer.h"

/// Messages as gRPC holds them.
namespace ridgeline::serve::grpc {

struct HeldBytes {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;
};

/// A message's bytes in one stretch: as they came from the socket where that was in one piece, which is the
/// case for small ones, otherwise gathered; unpacked where the client has compressed them. kInvalidArgument
/// for one that is broken or unpacks to more than `most_bytes`.
Result<HeldBytes> bytes_of(const ::grpc::ByteBuffer& message, size_t most_bytes);

/// The same, read. kInvalidArgument for bytes that are no such message.
Status parse(const ::grpc::ByteBuffer& message, size_t most_bytes, google::protobuf::MessageLite& into);

::grpc::ByteBuffer buffer_of(const google::protobuf::MessageLite& message);

/// The message of these pieces. Large tensors are not copied: `owners` are kept until they are sent.
::grpc::ByteBuffer buffer_of(std::span<const wire::grpc::Piece> pieces,
                             std::vector<std::shared_ptr<const void>> owners);

}  // namespace ridgeline::serve::grpc
