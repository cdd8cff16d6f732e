#pragma once

#include <memory>
#include <span>
#include <vector>

#include "serve/core/request.h"

namespace ridgeline::serve {

/// Requests in the order of their arrival, with what decide() wants to see of them side by side. Taking some
/// out costs as much as they lie deep, whatever waits behind them. One thread at a time.
class WaitingList {
 public:
  using Requests = std::vector<std::shared_ptr<Request>>;

  size_t size() const { return pending_.size() - head_; }
  void push(std::shared_ptr<Request> request);
  /// The first `most`; those whose client is gone are marked.
  std::span<const Pending> look(size_t most);
  /// All, as they were last looked at.
  std::span<const Pending> all() const { return std::span(pending_).subspan(head_); }
  /// Takes out those at these positions of what look() showed, in that order. Positions hold until settle().
  Requests take(std::span<const size_t> positions);
  /// Closes the gaps.
  void settle();
  Requests take_all();

 private:
  std::vector<Pending> pending_;
  Requests requests_;  ///< null: taken out
  size_t head_ = 0;    ///< the first that waits
  size_t gaps_end_ = 0;
};

}  // namespace ridgeline::serve
