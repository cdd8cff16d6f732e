#pragma once

#include <fmt/format.h>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace ridgeline {

/// The nine ways in which work can fail. Each maps once to a process exit code, an HTTP and a gRPC status.
enum class ErrorCode {
  kInvalidArgument,  ///< the caller's input is wrong: flag, file, field
  kNotFound,
  kAlreadyExists,
  kUnsupported,  ///< valid, but not something this build or engine does
  kUnavailable,  ///< a library, device or service is not here (now)
  kOutOfMemory,
  kTimeout,
  kCancelled,
  kInternal,  ///< a promise of ours or of a library was broken
};

std::string_view name_of(ErrorCode code);

/// 2 for bad usage or bad input, 1 for failed work (design: exit codes).
int exit_code_of(ErrorCode code);

/// Success, or an error code with one line that names what, where and the remedy.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(ErrorCode code, std::string message) : error_(Error{code, std::move(message)}) {}

  bool ok() const { return !error_; }
  /// Only when !ok().
  ErrorCode code() const { return error_->code; }
  /// Empty when ok().
  const std::string& message() const;

  /// The same error with "context: " put before its message; ok stays ok.
  Status with_context(std::string_view context) &&;

 private:
  struct Error {
    ErrorCode code;
    std::string message;
  };
  std::optional<Error> error_;
};

/// A value or the reason why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::move(value)) {}       // NOLINT(google-explicit-constructor): `return value;`
  Result(Status error) : held_(std::move(error)) {}  // NOLINT(google-explicit-constructor): `return error;`

  bool ok() const { return std::holds_alternative<T>(held_); }
  Status status() const& { return ok() ? Status() : std::get<Status>(held_); }
  Status status() && { return ok() ? Status() : std::move(std::get<Status>(held_)); }

  /// Only when ok().
  T& value() & { return std::get<T>(held_); }
  const T& value() const& { return std::get<T>(held_); }
  T&& value() && { return std::get<T>(std::move(held_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Status> held_;
};

#define RIDGELINE_ERROR_FACTORY(function, code)                                 \
  template <typename... Args>                                                   \
  Status function(fmt::format_string<Args...> format, Args&&... args) {         \
    return {ErrorCode::code, fmt::format(format, std::forward<Args>(args)...)}; \
  }
RIDGELINE_ERROR_FACTORY(invalid_argument, kInvalidArgument)
RIDGELINE_ERROR_FACTORY(not_found, kNotFound)
RIDGELINE_ERROR_FACTORY(already_exists, kAlreadyExists)
RIDGELINE_ERROR_FACTORY(unsupported, kUnsupported)
RIDGELINE_ERROR_FACTORY(unavailable, kUnavailable)
RIDGELINE_ERROR_FACTORY(out_of_memory, kOutOfMemory)
RIDGELINE_ERROR_FACTORY(timed_out, kTimeout)
RIDGELINE_ERROR_FACTORY(cancelled, kCancelled)
RIDGELINE_ERROR_FACTORY(internal_error, kInternal)
#undef RIDGELINE_ERROR_FACTORY

}  // namespace ridgeline

#define RIDGELINE_CONCAT_(a, b) a##b
#define RIDGELINE_CONCAT(a, b) RIDGELINE_CONCAT_(a, b)

/// Returns the error of a Status expression from the enclosing function.
#define RETURN_IF_ERROR(expression)                                                \
  do {                                                                             \
    if (::ridgeline::Status status_ = (expression); !status_.ok()) return status_; \
  } while (false)

/// `ASSIGN_OR_RETURN(auto x, f());`: declares x with the value of a Result, or returns its error.
#define ASSIGN_OR_RETURN(declaration, expression) \
  ASSIGN_OR_RETURN_(RIDGELINE_CONCAT(result_, __LINE__), declaration, expression)
#define ASSIGN_OR_RETURN_(result, declaration, expression) \
  auto result = (expression);                              \
  if (!result.ok()) return std::move(result).status();     \
  declaration = std::move(result).value()
