#include "serve/grpc/status.h"

#include "wire/error.h"

namespace ridgeline::serve::grpc {
namespace {

/// Clients take 8 KiB of headers, and a byte may be spelled with three.
constexpr size_t kMostBytes = 2600;

std::string shortened(const std::string& message) {
  if (message.size() <= kMostBytes) return message;
  const auto half = [&](size_t begin) { return message.substr(begin, kMostBytes / 2); };
  return half(0) + " ... " + half(message.size() - kMostBytes / 2);
}

}  // namespace

::grpc::Status status_of(const Status& status) {
  if (status.ok()) return ::grpc::Status::OK;
  const auto code = static_cast<::grpc::StatusCode>(wire::grpc_status_of(status.code()));
  return {code, shortened(status.message())};
}

}  // namespace ridgeline::serve::grpc
