#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/status.h"
#include "serve/observe/trace_context.h"
#include "serve/time.h"
#include "wire/infer.h"

namespace ridgeline::serve {

/// One answer to a request, and what owns the memory that its spans point to.
struct Answer {
  wire::InferResponse response;
  std::vector<std::shared_ptr<const void>> keep_alive;
};

/// Whoever waits for the answers to a request. answer() and end() are called one after another, from any
/// thread, also before the call that handed the request over has returned; they must not block.
class Client {
 public:
  virtual ~Client() = default;
  /// Once; for a decoupled model any number of times. The answer holds what was asked for: outputs in the
  /// order of the request, classes in place of tensors where wanted, no bytes where they were written to
  /// shared memory.
  virtual void answer(Result<Answer> answer) = 0;
  /// No more answers: once, last.
  virtual void end() = 0;
  /// The work is for nobody: what waits need not run.
  virtual bool has_gone() const = 0;
};

/// A request, and who wants to know.
struct Call {
  wire::InferRequest request;
  std::shared_ptr<Client> client;
  TimePoint received;                   ///< its last byte was read
  std::optional<TraceContext> trace{};  ///< what it is part of
};

/// Where requests are taken: all models of a server. Thread-safe.
class Inference {
 public:
  virtual ~Inference() = default;
  /// Returns at once; whatever is wrong is told to the call's client.
  virtual void infer(Call call) = 0;
};

}  // namespace ridgeline::serve
