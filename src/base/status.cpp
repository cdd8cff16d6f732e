#include "base/status.h"

#include <array>

namespace ridgeline {

std::string_view name_of(ErrorCode code) {
  static constexpr std::array<std::string_view, 9> kNames = {
      "INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "UNSUPPORTED", "UNAVAILABLE",
      "OUT_OF_MEMORY",    "TIMEOUT",   "CANCELLED",      "INTERNAL"};
  return kNames[static_cast<size_t>(code)];
}

int exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kUnsupported:
      return 2;
    default:
      return 1;
  }
}

const std::string& Status::message() const {
  static const std::string kEmpty;
  return error_ ? error_->message : kEmpty;
}

Status Status::with_context(std::string_view context) && {
  if (error_) error_->message = fmt::format("{}: {}", context, error_->message);
  return std::move(*this);
}

}  // namespace ridgeline
