#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/descriptor.h"
#include "base/status.h"
#include "serve/core/call.h"

namespace ridgeline::serve {

/// Answers to the calls of a model's process, in the order in which they came. Filled by the server's
/// threads, emptied by the one that talks to the process; outlives the process, since calls do. Thread-safe.
class CallAnswers {
 public:
  struct Entry {
    uint64_t call = 0;
    std::optional<Result<Answer>> answer;  ///< none: only the end
    bool last = false;
    std::optional<Result<double>> told;  ///< in place of these: the answer to a question that is no inference
  };

  static Result<std::shared_ptr<CallAnswers>> create();

  void push(Entry entry);
  std::vector<Entry> take();
  /// Readable while there is something to take.
  int descriptor() const { return wake_.get(); }
  /// Nobody takes any more: what comes is dropped, and calls that wait are for nobody.
  void close();
  bool closed() const;

 private:
  explicit CallAnswers(Descriptor wake) : wake_(std::move(wake)) {}

  const Descriptor wake_;  ///< an eventfd
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
  bool closed_ = false;
};

/// The client of one call of a model.
std::shared_ptr<Client> calling_model(uint64_t call, std::shared_ptr<CallAnswers> answers);

}  // namespace ridgeline::serve
