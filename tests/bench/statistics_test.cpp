#include "bench/statistics.h"

#include <cmath>
#include <gtest/gtest.h>
#include <random>

namespace ridgeline::bench {
namespace {

/// A shared machine in numbers: the time of one call wanders, jumps between two moods, and is hit by spikes.
struct Machine {
  double jitter = 0.02;        ///< relative, per call
  double drift = 0;            ///< relative, over the whole run
  double slow_mood = 1;        ///< factor while the machine is in its slow mood
  double mood_change = 0.002;  ///< chance per call
  double spike = 0;            ///< chance per call
};

class Race {
 public:
  Race(const Machine& machine, uint64_t seed) : machine_(machine), random_(seed) {}

  /// Alternating rounds in shuffled order, the cell slower by `slowdown`.
  PairedRounds run(int rounds, int calls, double slowdown) {
    PairedRounds times;
    total_calls_ = 2.0 * rounds * calls;
    for (int round = 0; round < rounds; ++round) {
      const bool baseline_first = chance(0.5);
      std::vector<double> first = block(calls, baseline_first ? 1 : slowdown);
      std::vector<double> second = block(calls, baseline_first ? slowdown : 1);
      times.baseline.push_back(baseline_first ? first : second);
      times.cell.push_back(baseline_first ? second : first);
    }
    return times;
  }

 private:
  bool chance(double share) { return std::uniform_real_distribution<>(0, 1)(random_) < share; }

  std::vector<double> block(int calls, double factor) {
    std::vector<double> times;
    for (int i = 0; i < calls; ++i, ++calls_done_) {
      if (chance(machine_.mood_change)) slow_ = !slow_;
      double time = factor * (1 + machine_.drift * calls_done_ / total_calls_);
      time *= std::exp(std::normal_distribution<>(0, machine_.jitter)(random_));
      if (slow_) time *= machine_.slow_mood;
      if (chance(machine_.spike)) time *= std::uniform_real_distribution<>(1.2, 4)(random_);
      times.push_back(time);
    }
    return times;
  }

  Machine machine_;
  std::mt19937_64 random_;
  bool slow_ = false;
  double calls_done_ = 0;
  double total_calls_ = 1;
};

/// In how many of 100 races a difference was called significant.
int found(const Machine& machine, int rounds, double slowdown) {
  int count = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const Result<Ratio> speedup = paired_speedup(Race(machine, seed).run(rounds, 5, slowdown), seed);
    if (speedup.ok() && speedup->significant()) ++count;
  }
  return count;
}

const std::vector<Machine> kMachines = {
    {.jitter = 0.02},
    {.jitter = 0.05},
    {.jitter = 0.02, .drift = 0.5},
    {.jitter = 0.02, .slow_mood = 2.2},
    {.jitter = 0.02, .slow_mood = 2.2, .mood_change = 0.02},
    {.jitter = 0.02, .spike = 0.15},
    {.jitter = 0.03, .drift = 0.3, .slow_mood = 1.5, .spike = 0.1},
};

TEST(PairedSpeedup, TheSameProgramTwiceIsRarelyCalledDifferentOnAnyMachine) {
  for (const Machine& machine : kMachines)
    for (const int rounds : {5, 20, 60}) EXPECT_LE(found(machine, rounds, 1.0), 10);
}

TEST(PairedSpeedup, ThreePercentAreFoundOnAnyMachineGivenHundredRounds) {
  for (const Machine& machine : kMachines) EXPECT_GE(found(machine, 100, 1.03), 90);
}

TEST(PairedSpeedup, TheIntervalHoldsTheTruthThroughDriftMoodsAndSpikes) {
  for (const Machine& machine : kMachines) {
    int held = 0;
    for (uint64_t seed = 0; seed < 100; ++seed) {
      const Result<Ratio> speedup = paired_speedup(Race(machine, seed).run(30, 5, 0.5), seed);
      ASSERT_TRUE(speedup.ok());
      if (speedup->low <= 2 && 2 <= speedup->high) ++held;
    }
    EXPECT_GE(held, 90);
  }
}

TEST(PairedSpeedup, AnUnpairedOrTooShortRaceIsRefused) {
  const std::vector<double> block = {1, 1};
  EXPECT_EQ(paired_speedup({{block, block, block}, {block, block}}, 1).status().code(),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(paired_speedup({{block, block}, {block, block}}, 1).status().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(paired_speedup({{block, block, {}}, {block, block, block}}, 1).status().code(),
            ErrorCode::kInvalidArgument);
}

TEST(PairedSpeedup, TheSameSeedGivesTheSameInterval) {
  const PairedRounds rounds = Race({.jitter = 0.1}, 3).run(20, 5, 1);
  EXPECT_EQ(paired_speedup(rounds, 7)->low, paired_speedup(rounds, 7)->low);
}

TEST(Summary, TenPercentAreTrimmedAtEachEndOfTheMeanButNotOfTheMinimum) {
  std::vector<double> samples = {0.001, 1000};
  for (int i = 0; i < 18; ++i) samples.push_back(10 + i % 2);
  samples.insert(samples.end(), {10, 11});
  const Summary summary = summarize(samples);  // 22 samples: two go at each end
  EXPECT_NEAR(summary.mean, 10.5, 1e-9);
  EXPECT_NEAR(summary.std, std::sqrt(18 * 0.25 / 17), 1e-9);
  EXPECT_EQ(summary.min, 0.001);
}

TEST(Summary, PercentilesInterpolateBetweenRanks) {
  const Summary summary = summarize(std::vector<double>{4, 1, 3, 2});
  EXPECT_DOUBLE_EQ(summary.p50, 2.5);
  EXPECT_DOUBLE_EQ(summary.p90, 3.7);
  EXPECT_DOUBLE_EQ(summarize(std::vector<double>{5}).p99, 5);
  EXPECT_EQ(summarize(std::vector<double>{5}).std, 0);
}

TEST(Change, IsSignificantOnlyBeyondBothRunsUncertainty) {
  const Ratio before{2.0, 1.96, 2.04};
  EXPECT_FALSE(change_between(before, {1.97, 1.93, 2.01}).significant());
  const Ratio change = change_between(before, {1.8, 1.77, 1.83});
  EXPECT_TRUE(change.significant());
  EXPECT_NEAR(change.value, 0.9, 1e-9);
  EXPECT_LT(change.high, 1);
}

TEST(Noisy, FlagsAWideIntervalAndWideTimesOnly) {
  Summary times{.mean = 10, .std = 1, .min = 9, .p50 = 10, .p90 = 11, .p99 = 12};
  EXPECT_FALSE(is_noisy(times, 9.5, {1.0, 0.97, 1.03}));
  EXPECT_TRUE(is_noisy(times, 9.5, {1.0, 0.93, 1.07}));
  times.p90 = 15;
  EXPECT_TRUE(is_noisy(times, 9.5, {1.0, 0.99, 1.01}));
}

}  // namespace
}  // namespace ridgeline::bench
