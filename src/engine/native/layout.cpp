#include <algorithm>

#include "engine/native/plan.h"

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

}  // namespace

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
