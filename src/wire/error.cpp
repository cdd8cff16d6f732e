#include "wire/error.h"

#include <array>

namespace ridgeline::wire {
namespace {

struct Row {
  int http;
  int grpc;
};
// In ErrorCode's order.
constexpr std::array<Row, 9> kRows = {{
    {400, 3},   // kInvalidArgument: INVALID_ARGUMENT
    {404, 5},   // kNotFound: NOT_FOUND
    {400, 6},   // kAlreadyExists: ALREADY_EXISTS
    {501, 12},  // kUnsupported: UNIMPLEMENTED
    {503, 14},  // kUnavailable: UNAVAILABLE
    {503, 8},   // kOutOfMemory: RESOURCE_EXHAUSTED; another server, or a later time, may have the memory
    {504, 4},   // kTimeout: DEADLINE_EXCEEDED
    {400, 1},   // kCancelled: CANCELLED; nobody is left to read it
    {500, 13},  // kInternal: INTERNAL
}};
static_assert(static_cast<size_t>(ErrorCode::kInternal) + 1 == kRows.size());

}  // namespace

int http_status_of(ErrorCode code) { return kRows[static_cast<size_t>(code)].http; }
int grpc_status_of(ErrorCode code) { return kRows[static_cast<size_t>(code)].grpc; }

}  // namespace ridgeline::wire
