// Kernels on blocked images against the reference on planes, over random shapes.

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "base/rng.h"
#include "kernels/blocked/channels.h"
#include "kernels/blocked/conv.h"
#include "kernels/blocked/direct.h"
#include "kernels/blocked/planes.h"
#include "kernels/blocked/pool.h"
#include "kernels/blocked/resize.h"
#include "kernels/blocked/turn.h"
#include "kernels/ref/conv.h"
#include "random_values.h"
#include "random_window.h"

namespace ridgeline::kernels::blocked {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// 64-byte aligned floats.
class Floats {
 public:
  explicit Floats(int64_t count, float value = kNan) : memory_(static_cast<size_t>(count) + kBlock, value) {}
  float* data() {
    const auto address = reinterpret_cast<uintptr_t>(memory_.data());
    return memory_.data() + (64 - address % 64) % 64 / sizeof(float);
  }

 private:
  std::vector<float> memory_;
};

TensorView view(float* data, int64_t count) {
  return {DType::kF32, {count}, reinterpret_cast<std::byte*>(data)};
}
TensorView view(std::vector<float>& values) {
  return view(values.data(), static_cast<int64_t>(values.size()));
}

TurnDesc image_of(int64_t batch, int64_t channels, const Size3& size) {
  return {.batch = batch, .channels = channels, .plane = volume(size)};
}

int64_t block_floats(const TurnDesc& image) {
  return image.batch * blocks_of(image.channels) * image.plane * kBlock;
}

/// In blocks, with numbers of no meaning in the lanes past the last channel.
Floats to_littered_blocks(const TurnDesc& image, const std::vector<float>& planes, ThreadPool& pool) {
  Floats blocks(block_floats(image));
  to_blocks(image, planes.data(), blocks.data(), pool);
  const int64_t last = image.channels % kBlock;
  if (last == 0) return blocks;
  for (int64_t n = 1; n <= image.batch; ++n)
    for (int64_t pixel = 0; pixel < image.plane; ++pixel) {
      float* const lanes =
          blocks.data() + ((n * blocks_of(image.channels) - 1) * image.plane + pixel) * kBlock;
      std::fill(lanes + last, lanes + kBlock, 1e3F);
    }
  return blocks;
}

struct Operands {
  std::vector<float> in, weights, bias, residual, factor;

  explicit Operands(const ConvDesc& desc)
      : in(random_values(desc.batch * desc.in_channels * volume(desc.window.in), 1)),
        weights(random_values(desc.out_channels * desc.in_channels / desc.groups * volume(desc.window.kernel),
                              2)),
        bias(random_values(desc.out_channels, 3)),
        residual(random_values(desc.batch * desc.out_channels * volume(desc.window.out), 4)),
        factor(random_values(desc.batch * desc.in_channels, 5)) {}
};

/// Of the output, where their means are asked for.
size_t rows_of(const ConvDesc& desc) {
  return desc.has_row_means ? static_cast<size_t>(desc.batch * desc.out_channels * desc.window.out[1]) : 0;
}

/// The output, and the means of its rows.
std::vector<float> reference(const ConvDesc& desc, const Operands& operands) {
  std::vector<float> out(operands.residual.size(), kNan), means(rows_of(desc), kNan);
  ThreadPool pool(1);
  ref::conv(desc,
            {operands.in.data(), operands.weights.data(), operands.bias.data(), operands.residual.data(),
             out.data(), nullptr, operands.factor.data(), means.data()},
            pool);
  out.insert(out.end(), means.begin(), means.end());
  return out;
}

enum class Results { kApart, kOverResidual };

std::vector<float> run(const ConvImpl& impl, const ConvDesc& desc, const Operands& operands,
                       Results results = Results::kApart) {
  ThreadPool pool(desc.threads);
  const TurnDesc in = image_of(desc.batch, desc.in_channels, desc.window.in);
  const TurnDesc out = image_of(desc.batch, desc.out_channels, desc.window.out);
  const TurnDesc rows = image_of(desc.batch, desc.out_channels, {1, desc.window.out[1], 1});
  Floats input = to_littered_blocks(in, operands.in, pool), output(block_floats(out)),
         row_means(block_floats(rows));
  Floats residual = to_littered_blocks(out, operands.residual, pool);
  Floats factor =
      to_littered_blocks(image_of(desc.batch, desc.in_channels, {1, 1, 1}), operands.factor, pool);
  Floats packed(static_cast<int64_t>(impl.packed_bytes(desc) / sizeof(float)));
  Floats scratch(static_cast<int64_t>(impl.scratch_bytes(desc) / sizeof(float)));
  impl.pack(desc, operands.weights.data(), packed.data());
  for (int again = 0; again < 2; ++again) {  // scratch memory is as the first call left it
    if (results == Results::kOverResidual) output = to_littered_blocks(out, operands.residual, pool);
    const float* const added = results == Results::kOverResidual ? output.data() : residual.data();
    impl.run(desc,
             {takes_planes(desc) ? operands.in.data() : input.data(), packed.data(), operands.bias.data(),
              added, output.data(), scratch.data(), factor.data(), row_means.data()},
             pool);
  }
  std::vector<float> planes(operands.residual.size(), kNan);
  to_planes(out, output.data(), planes.data(), pool);
  if (!desc.has_row_means) return planes;
  planes.resize(planes.size() + rows_of(desc), kNan);
  to_planes(rows, row_means.data(), planes.data() + operands.residual.size(), pool);
  return planes;
}

Activation random_activation(Rng& rng) {
  switch (rng.below(5)) {
    case 0:
      return {};
    case 1:
      return {Activation::Kind::kRelu};
    case 2:
      return {Activation::Kind::kSilu};
    case 3:
      return {Activation::Kind::kHardSwish};
    default:
      return {Activation::Kind::kClip, -0.5F, 1};
  }
}

ConvDesc random_conv(Rng& rng) {
  const auto upto = [&](uint64_t bound) { return 1 + static_cast<int64_t>(rng.below(bound)); };
  ConvDesc desc{.batch = upto(3), .in_channels = upto(70), .out_channels = upto(70)};
  do desc.window = random_window(rng, {.kernel = 5, .slack = {1, 12, 40}});
  while (desc.window.kernel[0] != 1 || desc.window.in[0] != 1);
  if (rng.below(4) == 0) {
    desc.groups = desc.out_channels = desc.in_channels;
    desc.has_row_means = rng.below(2) == 0;
  }
  desc.threads = static_cast<int>(upto(3));
  desc.has_bias = rng.below(2) == 0;
  desc.has_residual = rng.below(2) == 0;
  desc.activation = random_activation(rng);
  return desc;
}

ConvDesc random_depthwise(Rng& rng) {
  ConvDesc desc = random_conv(rng);
  desc.groups = desc.out_channels = desc.in_channels = 2 + static_cast<int64_t>(rng.below(50));
  desc.window = random_depthwise_window(rng);
  return desc;
}

/// In groups of a few channels to a few, which blocks need not hold whole.
ConvDesc random_grouped_conv(Rng& rng) {
  const auto upto = [&](uint64_t bound) { return 1 + static_cast<int64_t>(rng.below(bound)); };
  ConvDesc desc = random_conv(rng);
  desc.has_row_means = false;
  desc.groups = 1 + upto(9);
  desc.in_channels = desc.groups * (rng.below(3) == 0 ? 8 * upto(6) : upto(50));
  desc.out_channels = desc.groups * (rng.below(3) == 0 ? 8 * upto(6) : 1 + upto(50));
  return desc;
}

/// Of images that are read from planes, as they come; every other one as ResNets begin.
ConvDesc random_first_layer(Rng& rng) {
  const auto upto = [&](uint64_t bound) { return 1 + static_cast<int64_t>(rng.below(bound)); };
  ConvDesc desc = random_conv(rng);
  desc.groups = 1;
  desc.has_row_means = false;
  desc.in_channels = upto(4);
  const bool is_large = rng.below(4) == 0;
  const Size3 slack = is_large ? Size3{1, 30, 150} : Size3{1, 10, 50};
  do desc.window = random_window(rng, {.kernel = 11, .slack = slack});
  while (desc.window.kernel[0] != 1 || desc.window.in[0] != 1);
  if (rng.below(2) == 0) return desc;
  const int64_t rows = 1 + upto(is_large ? 37 : 16), columns = 1 + upto(is_large ? 400 : 60);
  desc.window = {.in{1, rows, columns},
                 .out{1, (rows + 1) / 2, (columns + 1) / 2},
                 .kernel{1, 7, 7},
                 .stride{1, 2, 2},
                 .pad{0, 3, 3}};
  return desc;
}

/// What Winograd's algorithm takes: images of few channels, or small ones of so many that their weights
/// decide.
ConvDesc random_3x3(Rng& rng) {
  const auto upto = [&](uint64_t bound) { return 1 + static_cast<int64_t>(rng.below(bound)); };
  ConvDesc desc = random_conv(rng);
  desc.groups = 1;
  desc.has_row_means = false;
  desc.batch = upto(6);
  desc.in_channels = kBlock * upto(5);
  desc.out_channels = 2 * kBlock * upto(3);
  Size3 size{1, 2 + upto(20), 2 + upto(40)};
  if (rng.below(3) == 0) {
    desc.batch = 1;
    desc.in_channels = kBlock * (6 + upto(6));
    desc.out_channels = 2 * kBlock * (3 + upto(3));
    size = {1, 2 + upto(8), 2 + upto(8)};
  }
  desc.window = {.in = size, .out = size, .kernel{1, 3, 3}, .pad{0, 1, 1}};
  if (rng.below(3) == 0) {
    desc.window.stride = {1, 2, 2};
    desc.window.out = {1, (size[1] + 1) / 2, (size[2] + 1) / 2};
  }
  return desc;
}

/// With neighbours apart, every other time by a pixel or two, at times further than the image is wide.
ConvDesc random_dilated_3x3(Rng& rng) {
  ConvDesc desc = random_3x3(rng);
  const int64_t dilation = 2 + static_cast<int64_t>(rng.below(rng.below(2) == 0 ? 2 : 12));
  desc.window.stride = {1, 1, 1};
  desc.window.dilation = {1, dilation, dilation};
  desc.window.pad = {0, dilation, dilation};
  desc.window.out = desc.window.in;
  return desc;
}

/// With a factor for each input channel, every other one 1×1 with stride 1.
ConvDesc random_scaled_conv(Rng& rng) {
  const auto upto = [&](uint64_t bound) { return 1 + static_cast<int64_t>(rng.below(bound)); };
  ConvDesc desc = rng.below(4) == 0   ? random_3x3(rng)
                  : rng.below(4) == 0 ? random_grouped_conv(rng)
                                      : random_conv(rng);
  desc.has_factor = true;
  if (rng.below(2) == 0) return desc;
  desc.groups = 1;
  desc.has_row_means = false;
  desc.in_channels = upto(400);
  desc.window = {.in{1, upto(20), upto(20)}};
  desc.window.out = desc.window.in;
  return desc;
}

std::string describe(const ConvDesc& desc) {
  const Window& w = desc.window;
  return fmt::format(
      "{} x {} to {} in {} groups, {}x{} by {}x{} stride {}x{} dilation {}x{} pad {}x{}, {} threads",
      desc.batch, desc.in_channels, desc.out_channels, desc.groups, w.in[1], w.in[2], w.kernel[1],
      w.kernel[2], w.stride[1], w.stride[2], w.dilation[1], w.dilation[2], w.pad[1], w.pad[2], desc.threads);
}

/// Holds every implementation that takes a case to the reference; the names of those that did.
std::vector<std::string_view> check(const ConvDesc& desc) {
  const CpuFeatures cpu = detect_cpu_features();
  const Operands operands(desc);
  const std::vector<float> want = reference(desc, operands);
  const double terms = static_cast<double>(desc.in_channels / desc.groups * volume(desc.window.kernel));
  std::vector<std::string_view> taken;
  for (const ConvImpl& impl : conv_impls()) {
    if (!impl.accepts(desc, cpu).ok()) continue;
    taken.push_back(impl.name);
    const std::vector<float> got = run(impl, desc, operands);
    for (size_t i = 0; i < want.size(); ++i)
      if (!(std::abs(got[i] - want[i]) <= 1e-6 * (8 + terms))) {
        ADD_FAILURE() << impl.name << " at " << i << ": " << got[i] << ", not " << want[i] << "; "
                      << describe(desc);
        break;
      }
  }
  return taken;
}

/// Runs all of `cases` and counts by name who took one.
template <typename Cases>
std::map<std::string_view, int> count_takers(int rounds, const Cases& cases) {
  std::map<std::string_view, int> takers;
  for (int round = 0; round < rounds; ++round)
    for (const std::string_view name : check(cases())) ++takers[name];
  return takers;
}

/// Of this CPU.
std::vector<std::string> instruction_sets() {
  const CpuFeatures cpu = detect_cpu_features();
  std::vector<std::string> sets;
  if (cpu.avx512f) sets.push_back("avx512");
  if (cpu.avx2 && cpu.fma) sets.push_back("avx2");
  return sets;
}

TEST(BlockedConv, RandomShapesGiveWhatTheReferenceGives) {
  Rng rng(31);
  const auto takers = count_takers(1000, [&] { return random_conv(rng); });
  for (const std::string& set : instruction_sets()) {
    EXPECT_GT(takers.at("direct_" + set), 600);
    EXPECT_GT(takers.at("depthwise_" + set), 150);
  }
}

TEST(BlockedConv, RandomWindowsForEachChannelGiveWhatTheReferenceGives) {
  Rng rng(41);
  const auto takers = count_takers(1500, [&] { return random_depthwise(rng); });
  for (const std::string& set : instruction_sets()) EXPECT_EQ(takers.at("depthwise_" + set), 1500);
}

TEST(BlockedConv, RandomGroupsGiveWhatTheReferenceGives) {
  Rng rng(38);
  const auto takers = count_takers(300, [&] { return random_grouped_conv(rng); });
  for (const std::string& set : instruction_sets()) EXPECT_GT(takers.at("direct_" + set), 290);
}

TEST(BlockedConv, RandomFirstLayersGiveWhatTheReferenceGives) {
  Rng rng(35);
  const auto takers = count_takers(300, [&] { return random_first_layer(rng); });
  for (const std::string& set : instruction_sets()) {
    EXPECT_GT(takers.at("direct_" + set), 270);
    EXPECT_GT(takers.at("winograd_rows_" + set), 120);
  }
}

TEST(BlockedConv, RandomTilesGiveWhatTheReferenceGives) {
  Rng rng(32);
  const auto takers = count_takers(200, [&] { return random_3x3(rng); });
  for (const std::string& set : instruction_sets()) {
    EXPECT_GT(takers.at("winograd4_" + set), 20);
    EXPECT_GT(takers.at("winograd2_" + set), 10);
    EXPECT_GT(takers.at("winograd2_stride2_" + set), 10);
  }
}

TEST(BlockedConv, RandomDilatedTilesGiveWhatTheReferenceGives) {
  Rng rng(36);
  const auto takers = count_takers(400, [&] { return random_dilated_3x3(rng); });
  for (const std::string& set : instruction_sets()) {
    EXPECT_GT(takers.at("dilated_" + set), 390);
    EXPECT_GT(takers.at("winograd4_" + set), 60);
  }
}

TEST(BlockedConv, RandomShapesWithFactorsGiveWhatTheReferenceGives) {
  Rng rng(35);
  const auto takers = count_takers(400, [&] { return random_scaled_conv(rng); });
  for (const std::string& set : instruction_sets()) EXPECT_GT(takers.at("direct_" + set), 100);
}

TEST(BlockedConv, ResultsDoNotDependOnTheNumberOfThreads) {
  Rng rng(33);
  for (int round = 0; round < 60; ++round) {
    ConvDesc desc = std::array{random_conv, random_3x3, random_first_layer,
                               random_scaled_conv}[static_cast<size_t>(round % 4)](rng);
    const Operands operands(desc);
    for (const ConvImpl& impl : conv_impls()) {
      desc.threads = 1;
      if (!impl.accepts(desc, detect_cpu_features()).ok()) continue;
      const std::vector<float> one = run(impl, desc, operands);
      desc.threads = 3;
      EXPECT_EQ(run(impl, desc, operands), one) << impl.name << ", " << describe(desc);
    }
  }
}

TEST(BlockedConv, ResultsMayLieOverTheResidualWhereThatIsSaid) {
  Rng rng(36);
  std::map<std::string, int> takers;
  constexpr std::array kDraws = {random_conv, random_3x3, random_dilated_3x3, random_scaled_conv,
                                 random_grouped_conv};
  for (size_t round = 0; round < 660; ++round) {
    ConvDesc desc = kDraws[round % kDraws.size()](rng);
    desc.has_residual = true;
    const Operands operands(desc);
    for (const ConvImpl& impl : conv_impls()) {
      if (!impl.accepts(desc, detect_cpu_features()).ok()) continue;
      if (impl.replaces_residual == nullptr || !impl.replaces_residual(desc)) continue;
      ++takers[std::string(impl.name)];
      EXPECT_EQ(run(impl, desc, operands, Results::kOverResidual), run(impl, desc, operands))
          << impl.name << ", " << describe(desc);
    }
  }
  for (const std::string& set : instruction_sets())
    for (const std::string kernel : {"direct_", "winograd4_", "winograd2_"})
      EXPECT_GT(takers[kernel + set], 5) << kernel << set;
}

TEST(BlockedConv, LayersOfKnownNetworksGiveWhatTheReferenceGives) {
  const auto square = [](int64_t in, int64_t out, int64_t size, const Window& window) {
    ConvDesc desc{.in_channels = in, .out_channels = out, .window = window, .threads = 2, .has_bias = true};
    desc.window.in = {1, size, size};
    for (size_t axis = 1; axis < 3; ++axis)
      desc.window.out[axis] = (size + 2 * window.pad[axis] - window.kernel[axis]) / window.stride[axis] + 1;
    return desc;
  };
  const Window k3{.kernel{1, 3, 3}, .pad{0, 1, 1}}, k3s2{.kernel{1, 3, 3}, .stride{1, 2, 2}, .pad{0, 1, 1}};
  for (const ConvDesc& desc :
       {square(3, 64, 75, {.kernel{1, 7, 7}, .stride{1, 2, 2}, .pad{0, 3, 3}}), square(64, 64, 28, k3),
        square(64, 128, 28, k3s2), square(64, 128, 28, {.stride{1, 2, 2}}),
        square(320, 64, 13, {.stride{1, 2, 2}}), square(512, 128, 7, k3), square(256, 64, 14, {}),
        square(3, 32, 65, k3s2), square(16, 48, 300, k3s2)})
    EXPECT_GE(check(desc).size(), instruction_sets().size()) << describe(desc);
}

TEST(BlockedPool, RandomWindowsGiveWhatTheReferenceGives) {
  Rng rng(34);
  ThreadPool pool(2);
  for (int round = 0; round < 300; ++round) {
    const int64_t channels = 1 + static_cast<int64_t>(rng.below(40));
    PoolCase planes{.kind = rng.below(2) == 0 ? PoolKind::kMax : PoolKind::kAverage,
                    .padding = {.counted = rng.below(2) == 0, .pad_end = {0, 1, 0}}};
    do planes.desc.window = random_window(rng, {.kernel = 4, .slack = {1, 10, 30}});
    while (planes.desc.window.kernel[0] != 1 || planes.desc.window.in[0] != 1);
    planes.desc.planes = 2 * channels;
    const TurnDesc in = image_of(2, channels, planes.desc.window.in),
                   out = image_of(2, channels, planes.desc.window.out);
    std::vector<float> values = random_values(2 * channels * in.plane, static_cast<unsigned>(round));
    values[values.size() / 2] = kNan;
    std::vector<float> want(static_cast<size_t>(2 * channels * out.plane)), got(want.size(), 7);
    ASSERT_TRUE(kernels::pool_impls().back().run(planes, view(values), view(want), pool).ok());
    Floats blocks = to_littered_blocks(in, values, pool), folded(block_floats(out));
    PoolCase over_blocks = planes;
    over_blocks.desc.planes = 2 * blocks_of(channels);
    for (const PoolImpl& impl : pool_impls()) {
      if (!impl.accepts(over_blocks, detect_cpu_features()).ok()) continue;
      ASSERT_TRUE(impl.run(over_blocks, view(blocks.data(), block_floats(in)),
                           view(folded.data(), block_floats(out)), pool)
                      .ok());
      to_planes(out, folded.data(), got.data(), pool);
      for (size_t i = 0; i < want.size(); ++i)
        ASSERT_TRUE(std::isnan(want[i]) ? std::isnan(got[i]) : std::abs(got[i] - want[i]) <= 1e-6F)
            << impl.name << " at " << i << " of round " << round << ": " << got[i] << ", not " << want[i];
    }
  }
}

TEST(BlockedPlanes, MeansAreThoseOfEachPlane) {
  ThreadPool pool(2);
  const TurnDesc image{.batch = 2, .channels = 19, .plane = 49};
  const std::vector<float> values = random_values(2 * 19 * 49, 9);
  Floats blocks = to_littered_blocks(image, values, pool), means(2 * 2 * kBlock);
  for (const auto& impl : mean_impls()) {
    const PlanesDesc desc{.planes = 4, .pixels = 49};
    if (!impl.accepts(desc, detect_cpu_features()).ok()) continue;
    impl.run(desc, {blocks.data(), means.data()}, pool);
    std::vector<float> got(2 * 19);
    to_planes({.batch = 2, .channels = 19, .plane = 1}, means.data(), got.data(), pool);
    for (size_t plane = 0; plane < got.size(); ++plane) {
      double sum = 0;
      for (size_t i = 0; i < 49; ++i) sum += values[plane * 49 + i];
      EXPECT_NEAR(got[plane], sum / 49, 1e-6) << impl.name;
    }
  }
}

TEST(BlockedPlanes, ScaledOnesAreMultipliedByTheirChannelsFactor) {
  ThreadPool pool(2);
  const TurnDesc image{.batch = 2, .channels = 19, .plane = 35},
      numbers{.batch = 2, .channels = 19, .plane = 1};
  const std::vector<float> values = random_values(2 * 19 * 35, 9), factors = random_values(2 * 19, 10);
  Floats blocks = to_littered_blocks(image, values, pool), by = to_littered_blocks(numbers, factors, pool);
  Floats scaled(block_floats(image));
  for (const auto& impl : scale_impls()) {
    const PlanesDesc desc{.planes = 4, .pixels = 35};
    if (!impl.accepts(desc, detect_cpu_features()).ok()) continue;
    impl.run(desc, {blocks.data(), by.data(), scaled.data()}, pool);
    std::vector<float> got(values.size());
    to_planes(image, scaled.data(), got.data(), pool);
    for (size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], values[i] * factors[i / 35]) << impl.name;
  }
}

TEST(BlockedChannels, AreMovedFromAnyLaneToAnyOther) {
  Rng rng(39);
  ThreadPool pool(2);
  const auto upto = [&](uint64_t bound) { return 1 + static_cast<int64_t>(rng.below(bound)); };
  for (int round = 0; round < 100; ++round) {
    const int64_t batch = upto(2), pixels = upto(300);
    const std::vector<int64_t> sources = {upto(50), upto(50)};
    std::vector<ChannelRange> ranges;
    int64_t results = 0;
    for (int64_t i = upto(4); i > 0; --i) {
      ChannelRange range{.in = rng.below(2), .out = 0, .first_in = 0, .first_out = results};
      range.first_in = upto(static_cast<uint64_t>(sources[range.in])) - 1;
      range.count = upto(static_cast<uint64_t>(sources[range.in] - range.first_in));
      results += range.count;
      ranges.push_back(range);
    }
    std::vector<std::vector<float>> values;
    std::vector<Floats> in;
    for (const int64_t channels : sources) {
      values.push_back(random_values(batch * channels * pixels, static_cast<unsigned>(round)));
      in.push_back(
          to_littered_blocks({.batch = batch, .channels = channels, .plane = pixels}, values.back(), pool));
    }
    const TurnDesc image{.batch = batch, .channels = results, .plane = pixels};
    Floats out(block_floats(image));
    const std::array<const float*, 2> from = {in[0].data(), in[1].data()};
    const std::array<float*, 1> to = {out.data()};
    ChannelMoves({sources, {results}}, ranges).run(batch, pixels, from, to, pool);
    std::vector<float> got(static_cast<size_t>(batch * results * pixels));
    to_planes(image, out.data(), got.data(), pool);
    for (const ChannelRange& range : ranges)
      for (int64_t n = 0; n < batch; ++n)
        for (int64_t i = 0; i < range.count * pixels; ++i)
          ASSERT_EQ(
              got[static_cast<size_t>((n * results + range.first_out) * pixels + i)],
              values[range.in][static_cast<size_t>((n * sources[range.in] + range.first_in) * pixels + i)]);
    if (results % kBlock != 0) {
      EXPECT_EQ(out.data()[block_floats(image) - 1], 0) << "lanes past the last channel";
    }
  }
}

/// `taps` of each of `out` outputs, anywhere in an axis of `in` pixels.
ref::SampledAxis random_axis(Rng& rng, uint64_t in, int64_t out, size_t taps) {
  ref::SampledAxis axis{.pixels = {}, .weights = {}, .outside = {}};
  for (size_t tap = 0; tap < taps; ++tap) {
    axis.pixels.emplace_back();
    axis.weights.emplace_back();
    for (int64_t i = 0; i < out; ++i) {
      axis.pixels.back().push_back(static_cast<int64_t>(rng.below(in)));
      axis.weights.back().push_back(static_cast<float>(rng.normal()));
    }
  }
  return axis;
}

TEST(BlockedResize, SamplesAsTheReferenceDoes) {
  Rng rng(37);
  ThreadPool pool(2);
  const std::array<size_t, 3> taps = {1, 2, 4};
  for (int round = 0; round < 60; ++round) {
    const auto upto = [&](uint64_t bound) { return 1 + static_cast<int64_t>(rng.below(bound)); };
    const Size3 in{1, upto(9), upto(20)}, out{1, upto(20), upto(30)};
    const int64_t channels = upto(40);
    const ResizeDesc desc{
        .planes = 2 * blocks_of(channels),
        .in_rows = in[1],
        .in_columns = in[2],
        .rows = random_axis(rng, static_cast<uint64_t>(in[1]), out[1], taps[rng.below(3)]),
        .columns = random_axis(rng, static_cast<uint64_t>(in[2]), out[2], taps[rng.below(3)])};
    std::vector<float> values = random_values(2 * channels * volume(in), static_cast<unsigned>(round));
    std::vector<float> want(static_cast<size_t>(2 * channels * volume(out))), got(want.size(), kNan);
    const std::vector<ref::SampledAxis> axes = {{}, {}, desc.rows, desc.columns};
    const auto images = [&](const Size3& size, std::vector<float>& floats) {
      return TensorView{
          DType::kF32, {2, channels, size[1], size[2]}, reinterpret_cast<std::byte*>(floats.data())};
    };
    ref::resample(images(in, values), axes, 0, images(out, want), pool);
    Floats blocks = to_littered_blocks(image_of(2, channels, in), values, pool),
           sampled(block_floats(image_of(2, channels, out)));
    for (const ResizeImpl& impl : resize_impls()) {
      if (!impl.accepts(desc, detect_cpu_features()).ok()) continue;
      impl.run(desc, blocks.data(), sampled.data(), pool);
      to_planes(image_of(2, channels, out), sampled.data(), got.data(), pool);
      for (size_t i = 0; i < want.size(); ++i)
        ASSERT_NEAR(got[i], want[i], 1e-4) << impl.name << " at " << i << " of round " << round;
    }
  }
}

TEST(BlockedTurn, ThereAndBackIsTheSameAndEmptyLanesAreZero) {
  ThreadPool pool(3);
  for (const TurnDesc& image : {TurnDesc{1, 1, 1}, TurnDesc{2, 16, 49}, TurnDesc{3, 37, 130}}) {
    const std::vector<float> values = random_values(image.batch * image.channels * image.plane, 5);
    std::vector<float> back(values.size());
    Floats blocks(block_floats(image));
    to_blocks(image, values.data(), blocks.data(), pool);
    to_planes(image, blocks.data(), back.data(), pool);
    EXPECT_EQ(back, values);
    if (image.channels % kBlock != 0) {
      EXPECT_EQ(blocks.data()[block_floats(image) - 1], 0);
    }
  }
}

}  // namespace
}  // namespace ridgeline::kernels::blocked
