#include "serve/scheduling/decide.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace ridgeline::serve {
namespace {

/// A request in the order in which requests are served.
struct Turn {
  uint64_t level = 0;
  bool delayed = false;
  size_t position = 0;  ///< in the queue
  std::optional<TimePoint> expires;

  bool before(const Turn& other) const {
    return std::tie(level, delayed, position) < std::tie(other.level, other.delayed, other.position);
  }
};

/// The batch that one bucket would run next.
struct Candidate {
  std::vector<size_t> members;
  Turn head;
  int64_t rows = 0;
  TimePoint oldest = TimePoint::max();
  std::optional<TimePoint> expires;  ///< the first of its members to expire
  size_t ready_members = 0;          ///< the longest part, from its head, that need not wait; 0: none
  int64_t ready_rows = 0;
  bool full = false;       ///< the next one does not fit
  bool cut_short = false;  ///< the next one has another shape, and order is to be kept
};

bool is_preferred(int64_t rows, const BatchPolicy& policy) {
  return std::ranges::binary_search(policy.preferred_batch_sizes, rows);
}

int64_t most_rows(const BatchPolicy& policy) { return policy.dynamic ? policy.max_batch_size : 0; }

int64_t largest_preferred(const BatchPolicy& policy) {
  return policy.preferred_batch_sizes.empty() ? most_rows(policy) : policy.preferred_batch_sizes.back();
}

/// Adds the request that comes next in the candidate's bucket, or closes the candidate.
void offer(const Turn& turn, const Pending& request, const BatchPolicy& policy, Candidate& candidate) {
  if (candidate.full) return;
  if (candidate.members.empty()) {
    candidate.head = turn;
  } else {
    if (candidate.ready_members == 0 && candidate.rows + request.rows > largest_preferred(policy)) {
      candidate.ready_members = candidate.members.size();
      candidate.ready_rows = candidate.rows;
    }
    if (candidate.rows + request.rows > most_rows(policy)) {
      candidate.full = true;
      return;
    }
  }
  candidate.members.push_back(turn.position);
  candidate.rows += request.rows;
  candidate.oldest = std::min(candidate.oldest, request.enqueued);
  if (turn.expires) candidate.expires = std::min(candidate.expires.value_or(*turn.expires), *turn.expires);
  if (is_preferred(candidate.rows, policy)) {
    candidate.ready_members = candidate.members.size();
    candidate.ready_rows = candidate.rows;
  }
  if (candidate.rows >= most_rows(policy)) candidate.full = true;
}

struct Verdict {
  size_t members = 0;  ///< how many run now; 0: none
  CloseReason reason = CloseReason::kIdle;
  TimePoint look_again = TimePoint::max();
};

CloseReason reason_of_size(int64_t rows, const BatchPolicy& policy) {
  return is_preferred(rows, policy) && rows < most_rows(policy) ? CloseReason::kPreferred
                                                                : CloseReason::kFull;
}

/// When the candidate leaves at the latest if nothing else comes; never after one of its members expires.
TimePoint leaves_by(TimePoint time, const Candidate& candidate) {
  return candidate.expires ? std::min(time, *candidate.expires - kTimerSlack) : time;
}

/// `alone`: no other bucket has anything that waits.
Verdict judge(const Candidate& candidate, const BatchPolicy& policy, TimePoint now, bool alone,
              const Expected& expected) {
  const Nanos delay = policy.max_queue_delay;
  const bool waited = delay > Nanos{0} && now - candidate.oldest >= delay;
  if (candidate.ready_members != 0 && !waited)
    return {candidate.ready_members, reason_of_size(candidate.ready_rows, policy)};
  const size_t all = candidate.members.size();
  const bool preferred = is_preferred(candidate.rows, policy);
  if (candidate.full || preferred || candidate.rows >= largest_preferred(policy))
    return {all, reason_of_size(candidate.rows, policy)};
  if (policy.draining) return {all, CloseReason::kDrain};
  if (waited) return {all, CloseReason::kDelay};
  if (candidate.cut_short) return {all, CloseReason::kShape};
  if (delay == Nanos{0}) {
    if (!alone) return {all, CloseReason::kShape};
    const TimePoint leaves = leaves_by(expected.until, candidate);
    if (candidate.rows >= expected.rows || leaves <= now) return {all, CloseReason::kIdle};
    return {0, CloseReason::kIdle, leaves};
  }
  const TimePoint leaves = leaves_by(after(candidate.oldest, delay), candidate);
  if (leaves <= now) return {all, CloseReason::kTimeout};
  return {0, CloseReason::kIdle, leaves};
}

/// Sorts out what is cancelled or expired; the rest in serving order.
std::vector<Turn> serving_order(std::span<const Pending> pending, const BatchPolicy& policy, TimePoint now,
                                BatchDecision& decision) {
  std::vector<Turn> turns;
  turns.reserve(pending.size());
  for (size_t i = 0; i < pending.size(); ++i) {
    const Standing standing = standing_of(pending[i], policy, now);
    if (standing.state == Standing::State::kCancelled) {
      decision.cancelled.push_back(i);
    } else if (standing.state == Standing::State::kExpired) {
      decision.expired.push_back(i);
    } else {
      turns.push_back({standing.level, standing.state == Standing::State::kDelayed, i, standing.expires});
    }
  }
  const auto before = [](const Turn& a, const Turn& b) { return a.before(b); };
  if (!std::ranges::is_sorted(turns, before)) std::ranges::sort(turns, before);
  return turns;
}

/// One candidate for each bucket, in the order of their heads.
std::vector<Candidate> candidates_of(std::span<const Turn> turns, std::span<const Pending> pending,
                                     const BatchPolicy& policy) {
  std::vector<Candidate> candidates;
  std::unordered_map<uint64_t, size_t> of_bucket;
  for (const Turn& turn : turns) {
    const Pending& request = pending[turn.position];
    const auto [found, added] = of_bucket.try_emplace(request.bucket, candidates.size());
    if (added && policy.preserve_ordering && !candidates.empty()) {
      candidates.front().cut_short = true;
      break;
    }
    if (added) candidates.emplace_back();
    offer(turn, request, policy, candidates[found->second]);
  }
  return candidates;
}

}  // namespace

BatchDecision decide(std::span<const Pending> pending, const BatchPolicy& policy, TimePoint now,
                     const Expected& expected) {
  BatchDecision decision;
  const std::vector<Turn> turns = serving_order(pending, policy, now, decision);
  if (turns.empty()) return decision;
  const std::vector<Candidate> candidates = candidates_of(turns, pending, policy);

  const Candidate* chosen = nullptr;
  TimePoint look_again = TimePoint::max();
  size_t members = 0;
  for (const Candidate& candidate : candidates) {
    const Verdict verdict = judge(candidate, policy, now, candidates.size() == 1, expected);
    look_again = std::min(look_again, verdict.look_again);
    if (verdict.members == 0) continue;
    chosen = &candidate;
    members = verdict.members;
    decision.reason = verdict.reason;
    break;
  }
  if (chosen == nullptr) {
    decision.look_again = look_again;
    return decision;
  }
  if (candidates.front().head.level < chosen->head.level) {
    chosen = &candidates.front();
    members = chosen->members.size();
    decision.reason = CloseReason::kShape;
  }
  decision.run.assign(chosen->members.begin(), chosen->members.begin() + static_cast<ptrdiff_t>(members));
  std::vector<bool> runs(pending.size());
  for (const size_t position : decision.run) runs[position] = true;
  for (const Turn& turn : turns) {
    if (!turn.expires || runs[turn.position]) continue;
    decision.look_again = std::min(decision.look_again.value_or(*turn.expires), *turn.expires);
  }
  return decision;
}

}  // namespace ridgeline::serve
