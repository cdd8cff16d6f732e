#include "serve/scheduling/batch_cost.h"

#include <algorithm>

namespace ridgeline::serve {

void BatchCost::add(int64_t rows, Nanos took) {
  constexpr int kForgottenShare = 64;
  const auto [known, first] = undisturbed_.try_emplace(rows, took);
  if (!first) known->second = std::min(took, known->second + known->second / kForgottenShare);
}

Nanos BatchCost::of_itself() const {
  if (undisturbed_.size() < 2) return Nanos{0};
  const auto& [fewest, least] = *undisturbed_.begin();
  const auto& [most, largest] = *undisturbed_.rbegin();
  const Nanos each_row = (largest - least) / (most - fewest);
  return std::max(least - each_row * fewest, Nanos{0});
}

}  // namespace ridgeline::serve
