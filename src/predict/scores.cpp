#include "predict/scores.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ridgeline::predict {

std::vector<Ranked> top_k(std::span<const float> scores, Scores kind, size_t count) {
  if (scores.empty()) return {};
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto last = order.begin() + static_cast<std::ptrdiff_t>(std::min(count, order.size()));
  const auto before = [&](size_t a, size_t b) {
    return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
  };
  std::partial_sort(order.begin(), last, order.end(), before);
  const double largest = *std::max_element(scores.begin(), scores.end());
  const auto weight = [&](float score) { return std::exp(static_cast<double>(score) - largest); };
  const double sum = std::accumulate(scores.begin(), scores.end(), 0.0,
                                     [&](double total, float score) { return total + weight(score); });
  std::vector<Ranked> ranked;
  for (auto it = order.begin(); it != last; ++it)
    ranked.push_back({*it, kind == Scores::kProbabilities ? scores[*it] : weight(scores[*it]) / sum});
  return ranked;
}

size_t rank_of(std::span<const float> scores, size_t label) {
  size_t before = 0;
  for (size_t i = 0; i < scores.size(); ++i)
    if (scores[i] > scores[label] || (scores[i] == scores[label] && i < label)) ++before;
  return before;
}

}  // namespace ridgeline::predict
