#include "engine/native/layout.h"

#include <algorithm>
#include <optional>

namespace ridgeline::native {
namespace {

struct Taken {
  size_t begin, end;
};

size_t first_gap(std::vector<Taken> taken, size_t bytes) {
  std::sort(taken.begin(), taken.end(), [](const Taken& a, const Taken& b) { return a.begin < b.begin; });
  size_t at = 0;
  for (const Taken& one : taken) {
    if (one.begin >= at + bytes) break;
    at = std::max(at, one.end);
  }
  return at;
}

class BufferMaker {
 public:
  explicit BufferMaker(const Plan& plan) : plan_(plan) {
    for (size_t i = 0; i < plan.steps.size(); ++i)
      for (const size_t slot : plan.steps[i].in) last_reads_[slot] = i;
    for (const size_t slot : plan.outputs) last_reads_[slot] = plan.steps.size();
  }

  Buffers make() {
    for (size_t i = 0; i < plan_.steps.size(); ++i)
      for (const size_t slot : plan_.steps[i].out) add(slot, i);
    return std::move(buffers_);
  }

 private:
  void add(size_t slot, size_t step) {
    const size_t last = last_read(slot, step);
    if (const auto replaced = buffer_to_replace(slot, step)) {
      buffers_.by_slot[slot] = *replaced;
      buffers_.lifetimes[*replaced].last = last;
      return;
    }
    buffers_.by_slot[slot] = buffers_.lifetimes.size();
    buffers_.lifetimes.push_back({plan_.slots[slot].byte_size(), step, last});
  }

  /// Scratch memory, and what nobody wants, lives as long as the step that writes it.
  size_t last_read(size_t slot, size_t step) const {
    const auto found = last_reads_.find(slot);
    return found == last_reads_.end() ? step : found->second;
  }

  /// None where the step itself, or one after it, reads the slot in another way, or where no step wrote it.
  std::optional<size_t> buffer_to_replace(size_t slot, size_t index) const {
    const Step& step = plan_.steps[index];
    if (!step.replaced || slot != step.out.front()) return std::nullopt;
    const auto found = buffers_.by_slot.find(*step.replaced);
    const bool is_free = found != buffers_.by_slot.end() && last_reads_.at(*step.replaced) == index &&
                         std::count(step.in.begin(), step.in.end(), *step.replaced) == 1;
    return is_free ? std::optional(found->second) : std::nullopt;
  }

  const Plan& plan_;
  std::map<size_t, size_t> last_reads_;  ///< steps, by slot
  Buffers buffers_;
};

}  // namespace

Buffers buffers_of(const Plan& plan) { return BufferMaker(plan).make(); }

Layout lay_out(const std::vector<Lifetime>& buffers) {
  constexpr size_t kAlignment = 64;
  Layout layout;
  for (size_t i = 0; i < buffers.size(); ++i) {
    const size_t bytes = (buffers[i].bytes + kAlignment - 1) / kAlignment * kAlignment;
    std::vector<Taken> taken;
    for (size_t j = 0; j < i; ++j)
      if (buffers[j].first <= buffers[i].last && buffers[i].first <= buffers[j].last)
        taken.push_back({layout.offsets[j],
                         layout.offsets[j] + (buffers[j].bytes + kAlignment - 1) / kAlignment * kAlignment});
    layout.offsets.push_back(first_gap(std::move(taken), bytes));
    layout.total = std::max(layout.total, layout.offsets.back() + bytes);
  }
  return layout;
}

}  // namespace ridgeline::native
