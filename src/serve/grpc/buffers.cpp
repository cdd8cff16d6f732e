#include "serve/grpc/buffers.h"

#include <grpc/byte_buffer.h>
#include <utility>

#include "serve/http/compression.h"

namespace grpc::internal {

/// The door that gRPC leaves for tests of its buffers: the only way to learn of a message's compression.
class GrpcByteBufferPeer {
 public:
  explicit GrpcByteBufferPeer(ByteBuffer& buffer) : buffer_(&buffer) {}
  const grpc_byte_buffer& buffer() const { return *buffer_->c_buffer(); }

 private:
  ByteBuffer* buffer_;
};

}  // namespace grpc::internal

namespace ridgeline::serve::grpc {
namespace {

using Owners = std::shared_ptr<const std::vector<std::shared_ptr<const void>>>;

/// Below, to copy a tensor costs less than to send it as a part of its own.
constexpr size_t kLeastShared = 16384;

/// The tensor's own memory, which the slice keeps.
::grpc::Slice share(std::span<const std::byte> tensor, const Owners& owners) {
  auto kept = std::make_unique<Owners>(owners);
  // gRPC's slices are of bytes that nobody writes, whatever the type says.
  return {const_cast<std::byte*>(tensor.data()), tensor.size(),
          [](void* held) { std::unique_ptr<Owners>(static_cast<Owners*>(held)).reset(); }, kept.release()};
}

/// How the client has compressed the message: gRPC leaves that to us, as it knows no limit to what a message
/// unpacks to.
http::Coding coding_of(const ::grpc::ByteBuffer& message) {
  auto& buffer = const_cast<::grpc::ByteBuffer&>(message);
  switch (::grpc::internal::GrpcByteBufferPeer(buffer).buffer().data.raw.compression) {
    case GRPC_COMPRESS_GZIP:
      return http::Coding::kGzip;
    case GRPC_COMPRESS_DEFLATE:
      return http::Coding::kDeflate;
    default:
      return http::Coding::kIdentity;
  }
}

}  // namespace

Result<HeldBytes> bytes_of(const ::grpc::ByteBuffer& message, size_t most_bytes) {
  auto slice = std::make_shared<::grpc::Slice>();
  if (!message.TrySingleSlice(slice.get()).ok()) {
    const ::grpc::Status gathered = message.DumpToSingleSlice(slice.get());
    if (!gathered.ok()) return internal_error("the request's message: {}", gathered.error_message());
  }
  const auto bytes = std::as_bytes(std::span(slice->begin(), slice->size()));
  const http::Coding coding = coding_of(message);
  if (coding == http::Coding::kIdentity) return HeldBytes{bytes, std::move(slice)};
  ASSIGN_OR_RETURN(http::Unpacked unpacked, http::unpack(coding, bytes, most_bytes));
  return HeldBytes{unpacked.bytes, std::move(unpacked.owner)};
}

Status parse(const ::grpc::ByteBuffer& message, size_t most_bytes, google::protobuf::MessageLite& into) {
  ASSIGN_OR_RETURN(const HeldBytes held, bytes_of(message, most_bytes));
  if (into.ParseFromArray(held.bytes.data(), static_cast<int>(held.bytes.size()))) return {};
  return invalid_argument("the bytes of the request are no {} message", into.GetTypeName());
}

::grpc::ByteBuffer buffer_of(const google::protobuf::MessageLite& message) {
  const ::grpc::Slice slice(message.SerializeAsString());
  return {&slice, 1};
}

::grpc::ByteBuffer buffer_of(std::span<const wire::grpc::Piece> pieces,
                             std::vector<std::shared_ptr<const void>> owners) {
  const auto kept = std::make_shared<const std::vector<std::shared_ptr<const void>>>(std::move(owners));
  std::vector<::grpc::Slice> slices;
  std::string small;
  const auto flush = [&] {
    if (!small.empty()) slices.emplace_back(std::exchange(small, {}));
  };
  for (const wire::grpc::Piece& piece : pieces) {
    small += piece.framing;
    if (piece.tensor.size() < kLeastShared) {
      small.append(reinterpret_cast<const char*>(piece.tensor.data()), piece.tensor.size());
    } else {
      flush();
      slices.push_back(share(piece.tensor, kept));
    }
  }
  flush();
  return {slices.data(), slices.size()};
}

}  // namespace ridgeline::serve::grpc
