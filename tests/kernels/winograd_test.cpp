#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/winograd/schedule.h"
#include "kernels/winograd/tile_kernels.h"
#include "kernels/winograd/training.h"
#include "random_values.h"

namespace ridgeline::kernels::winograd {
namespace {

/// Calls f(pixel of x, tap's offset in the weights, pixel of y) for all that a convolution multiplies.
template <typename F>
void for_each_tap(const Conv3x3& conv, const F& f) {
  for (int64_t n = 0; n < conv.batch; ++n)
    for (int64_t h = 0; h < conv.height; ++h)
      for (int64_t w = 0; w < conv.width; ++w)
        for (int64_t tap = 0; tap < 9; ++tap) {
          const int64_t row = h + tap / 3 - 1, column = w + tap % 3 - 1;
          if (row < 0 || row >= conv.height || column < 0 || column >= conv.width) continue;
          f((n * conv.height + row) * conv.width + column, tap, (n * conv.height + h) * conv.width + w);
        }
}

/// The definition, in double: adds x·w to y, dy·w to dx and x·dy to dw.
struct Direct {
  std::vector<double> y, dx, dw;

  Direct(const Conv3x3& conv, const std::vector<float>& x, const std::vector<float>& weights,
         const std::vector<float>& dy)
      : y(dy.size()), dx(x.size()), dw(weights.size()) {
    const int64_t in = conv.in_channels, out = conv.out_channels;
    for_each_tap(conv, [&](int64_t from, int64_t tap, int64_t to) {
      for (int64_t k = 0; k < out; ++k)
        for (int64_t c = 0; c < in; ++c) {
          const auto at_x = static_cast<size_t>(from * in + c), at_y = static_cast<size_t>(to * out + k),
                     at_w = static_cast<size_t>((k * 9 + tap) * in + c);
          y[at_y] += double{x[at_x]} * weights[at_w];
          dx[at_x] += double{dy[at_y]} * weights[at_w];
          dw[at_w] += double{x[at_x]} * dy[at_y];
        }
    });
  }
};

/// The root of the mean square of what differs, in that of what is expected.
double relative_error(const std::vector<float>& got, const std::vector<double>& want) {
  double error = 0, size = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    error += (got[i] - want[i]) * (got[i] - want[i]);
    size += want[i] * want[i];
  }
  return std::sqrt(error / size);
}

struct Results {
  std::vector<float> y, dx, dw;

  bool operator==(const Results&) const = default;
};

struct Case {
  Conv3x3 conv;
  std::vector<float> x, weights, dy;

  explicit Case(const Conv3x3& shape)
      : conv(shape),
        x(random_values(shape.batch * shape.height * shape.width * shape.in_channels, 1)),
        weights(random_values(shape.out_channels * 9 * shape.in_channels, 2)),
        dy(random_values(shape.batch * shape.height * shape.width * shape.out_channels, 3)) {}

  /// Memory starts as NaN, which would stay in whatever reads what nobody wrote.
  Results run(const TileKernels& kernels, int threads) const {
    const float nan = std::nanf("");
    ThreadPool pool(threads);
    const auto loop = [&](int64_t count, FunctionRef<void(int64_t, int64_t)> body) {
      pool.parallel_for(count, (count + threads - 1) / threads, body);
    };
    std::vector<float> scratch(scratch_floats(conv), nan), transformed(weight_floats(conv), nan);
    const Means means{
        .kernels = kernels, .scratch = scratch.data(), .weights = transformed.data(), .parallel = loop};
    Results results{.y = std::vector(dy.size(), nan),
                    .dx = std::vector(x.size(), nan),
                    .dw = std::vector(weights.size(), nan)};
    forward(conv, means, x.data(), weights.data(), results.y.data());
    std::ranges::fill(scratch, nan);
    input_gradient(conv, means, dy.data(), weights.data(), results.dx.data());
    std::ranges::fill(scratch, nan);
    weight_gradient(conv, means, x.data(), dy.data(), results.dw.data());
    return results;
  }
};

/// What this CPU can run, as it would be chosen.
std::vector<CpuFeatures> instruction_sets() {
  CpuFeatures cpu = detect_cpu_features();
  std::vector<CpuFeatures> sets;
  if (cpu.avx512f) sets.push_back(cpu);
  cpu.avx512f = false;
  if (cpu.avx2 && cpu.fma) sets.push_back(cpu);
  return sets;
}

TEST(Winograd, ResultsAndGradientsOfRandomShapesAreADirectConvolutions) {
  std::mt19937 random(20);
  const auto between = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  for (const CpuFeatures& cpu : instruction_sets())
    for (int round = 0; round < 12; ++round) {
      const Conv3x3 conv{.batch = between(5, 20),
                         .height = between(3, 17),
                         .width = between(3, 17),
                         .in_channels = 32 * between(1, 3),
                         .out_channels = 32 * between(1, 3)};
      SCOPED_TRACE(fmt::format("{} x {} x {} x {} to {}", conv.batch, conv.height, conv.width,
                               conv.in_channels, conv.out_channels));
      const auto kernels = choose(conv, cpu);
      if (!kernels.ok()) continue;
      const Case given(conv);
      const Results got = given.run(**kernels, 2);
      const Direct want(conv, given.x, given.weights, given.dy);
      EXPECT_LT(relative_error(got.y, want.y), 2e-6);
      EXPECT_LT(relative_error(got.dx, want.dx), 2e-6);
      EXPECT_LT(relative_error(got.dw, want.dw), 2e-6);
    }
}

TEST(Winograd, GivesTheSameBitsWithAnyNumberOfThreads) {
  for (const CpuFeatures& cpu : instruction_sets()) {
    const Case given({.batch = 40, .height = 9, .width = 10, .in_channels = 32, .out_channels = 64});
    const TileKernels& kernels = **choose(given.conv, cpu);
    EXPECT_EQ(given.run(kernels, 1), given.run(kernels, 3));
  }
}

TEST(Winograd, SaysWhichCasesItIsNotFor) {
  CpuFeatures none;
  EXPECT_EQ(choose({.batch = 32, .height = 8, .width = 8, .in_channels = 64, .out_channels = 64}, none)
                .status()
                .message(),
            "needs avx512f, or avx2 and fma");
  CpuFeatures cpu;
  cpu.avx512f = true;
  const auto reason = [&](const Conv3x3& conv) { return choose(conv, cpu).status().message(); };
  EXPECT_EQ(reason({.batch = 32, .height = 8, .width = 8, .in_channels = 3, .out_channels = 64}),
            "needs multiples of 32 channels");
  EXPECT_EQ(reason({.batch = 99, .height = 2, .width = 2, .in_channels = 32, .out_channels = 32}),
            "of 4 x 4 tiles more than half lies outside of 2 x 2");
  EXPECT_EQ(reason({.batch = 1, .height = 7, .width = 7, .in_channels = 32, .out_channels = 32}),
            "needs 64 tiles of 4 x 4 or more");
  EXPECT_TRUE(
      choose({.batch = 16, .height = 7, .width = 7, .in_channels = 32, .out_channels = 32}, cpu).ok());
}

Schedule schedule_of(int64_t batch, int64_t channels, int64_t size, int threads) {
  ConvDesc desc{.batch = batch, .in_channels = channels, .out_channels = channels};
  desc.window = {.in = {1, size, size}, .out = {1, size, size}, .kernel = {1, 3, 3}, .pad = {0, 1, 1}};
  desc.threads = threads;
  return {{avx512_tiles(), blocked::avx512_panels()}, desc};
}

TEST(WinogradSchedule, GivesEachThreadTilesOfItsOwnWhereThereAreEnough) {
  const Schedule enough = schedule_of(1, 128, 28, 2);
  EXPECT_EQ(enough.chunks, 2);
  EXPECT_EQ(enough.parts, 1);
  const Schedule few = schedule_of(1, 128, 28, 4);
  EXPECT_EQ(few.chunks, 1);
  EXPECT_EQ(few.parts, 4);
}

TEST(WinogradSchedule, HasNoEmptyChunks) {
  for (int64_t batch : {1, 2, 3, 5})
    for (int64_t size = 1; size < 60; ++size)
      for (int threads : {1, 2, 3, 8}) {
        const Schedule schedule = schedule_of(batch, 64, size, threads);
        EXPECT_LT((schedule.chunks - 1) * schedule.chunk, schedule.tiles);
        EXPECT_GE(schedule.chunks * schedule.chunk, schedule.tiles);
      }
}

TEST(WinogradSchedule, LeavesRoomForWeightsThatStayInASecondLevelCache) {
  const Schedule beside = schedule_of(8, 64, 56, 2), behind = schedule_of(8, 128, 56, 2);
  EXPECT_LE(beside.chunk, 28);
  EXPECT_GT(behind.chunk, 28);
}

}  // namespace
}  // namespace ridgeline::kernels::winograd
