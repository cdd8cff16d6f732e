#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/status.h"
#include "serve/core/backend.h"

namespace ridgeline::serve {

/// The jobs that a process may still answer or ask about, by the tag of their requests: those of the batch
/// that it executes, and of a decoupled model also those of batches before. Thread-safe; jobs are answered
/// outside of the lock.
class OpenJobs {
 public:
  /// The tag of the first; the others follow it.
  uint64_t begin_batch(std::span<const std::shared_ptr<Job>> batch);
  /// Of a decoupled model: what is not answered to the end stays open.
  void keep_batch();
  /// Those of the batch that are still open; they are none of ours any more.
  std::vector<std::shared_ptr<Job>> take_batch();

  /// Null for a tag that is not open.
  std::shared_ptr<Job> find(uint64_t tag) const;
  std::shared_ptr<Job> take(uint64_t tag);

  /// The process is gone: the jobs of batches before, and of one that is kept later, are answered with an
  /// error and ended. The batch that it was at is its caller's.
  void close(const Status& why);

 private:
  using Jobs = std::map<uint64_t, std::shared_ptr<Job>>;
  /// Takes those from `begin` to the end out.
  Jobs extract(Jobs::iterator begin, Jobs::iterator end);

  mutable std::mutex mutex_;
  Jobs jobs_;
  uint64_t next_ = 1;
  uint64_t batch_ = 1;  ///< the first tag of the batch that is executed
  Status closed_;
};

}  // namespace ridgeline::serve
