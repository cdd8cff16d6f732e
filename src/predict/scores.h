#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace ridgeline::predict {

/// What a model's outputs are: raw logits, or what its last Softmax made of them.
enum class Scores { kLogits, kProbabilities };

struct Ranked {
  size_t index = 0;  ///< of the class
  double probability = 0;
};

/// The `count` most probable classes, best first, fewer where there are fewer; ties go to the lower index.
/// Logits pass through softmax first.
std::vector<Ranked> top_k(std::span<const float> scores, Scores kind, size_t count);

/// How many classes stand before `label` in that order. Requires label < scores.size().
size_t rank_of(std::span<const float> scores, size_t label);

}  // namespace ridgeline::predict
