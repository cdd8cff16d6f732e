#include "serve/core/waiting_list.h"

#include <algorithm>

namespace ridgeline::serve {
namespace {

constexpr size_t kLeastShrink = 64;  // entries before the head that are worth moving the others

}  // namespace

void WaitingList::push(std::shared_ptr<Request> request) {
  pending_.push_back(request->pending());
  requests_.push_back(std::move(request));
}

std::span<const Pending> WaitingList::look(size_t most) {
  const size_t end = head_ + std::min(most, size());
  for (size_t i = head_; i < end; ++i) pending_[i].cancelled = requests_[i]->cancelled();
  return std::span(pending_).subspan(head_, end - head_);
}

WaitingList::Requests WaitingList::take(std::span<const size_t> positions) {
  Requests taken;
  taken.reserve(positions.size());
  for (const size_t position : positions) {
    requests_[head_ + position]->model().statistics.request_left_queue();
    taken.push_back(std::move(requests_[head_ + position]));
    gaps_end_ = std::max(gaps_end_, head_ + position + 1);
  }
  return taken;
}

void WaitingList::settle() {
  size_t kept = std::max(gaps_end_, head_);
  for (size_t i = kept; i-- > head_;) {
    if (!requests_[i]) continue;
    --kept;
    if (kept == i) continue;
    requests_[kept] = std::move(requests_[i]);
    pending_[kept] = pending_[i];
  }
  head_ = kept;
  gaps_end_ = 0;
  if (head_ < kLeastShrink || head_ < size()) return;
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<ptrdiff_t>(head_));
  requests_.erase(requests_.begin(), requests_.begin() + static_cast<ptrdiff_t>(head_));
  head_ = 0;
}

WaitingList::Requests WaitingList::take_all() {
  Requests taken(std::make_move_iterator(requests_.begin() + static_cast<ptrdiff_t>(head_)),
                 std::make_move_iterator(requests_.end()));
  for (const auto& request : taken) request->model().statistics.request_left_queue();
  pending_.clear();
  requests_.clear();
  head_ = 0;
  return taken;
}

}  // namespace ridgeline::serve
