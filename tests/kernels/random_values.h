#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace ridgeline::kernels {

/// Uniform in [-1, 1), the same on every run.
inline std::vector<float> random_values(int64_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = uniform(generator);
  return values;
}

}  // namespace ridgeline::kernels
