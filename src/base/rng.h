#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace ridgeline {

/// SplitMix64 (Steele, Lea, Flood 2014): small, seeded, the same numbers on every machine and library, which
/// the distributions of <random> do not promise. Serves std::shuffle as a generator.
class Rng {
 public:
  using result_type = uint64_t;
  explicit Rng(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  uint64_t operator()() { return next(); }
  static constexpr uint64_t min() { return 0; }
  static constexpr uint64_t max() { return ~uint64_t{0}; }
  /// In [0, bound), by remainder: the bias is bound / 2^64.
  uint64_t below(uint64_t bound) { return next() % bound; }
  /// In [0, 1), 53 random bits.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  /// Mean 0, variance 1, by Box and Muller's method.
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  uint64_t state_;
};

}  // namespace ridgeline
