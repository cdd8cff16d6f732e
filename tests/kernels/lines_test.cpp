// Kernels on images in lines against the reference on planes, over random shapes.

#include <algorithm>
#include <cmath>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

#include "base/rng.h"
#include "kernels/lines/conv.h"
#include "kernels/lines/image.h"
#include "kernels/ref/conv.h"
#include "random_values.h"
#include "random_window.h"
#include "tensor/half.h"

namespace ridgeline::kernels::lines {
namespace {

using blocked::TurnDesc;

TurnDesc image_of(int64_t batch, int64_t channels, const Size3& size) {
  return {.batch = batch, .channels = channels, .plane = volume(size)};
}

/// What `numbers` keep of a value.
float kept(Numbers numbers, float value) {
  const float hi = bf16_to_f32(f32_to_bf16(value));
  return numbers == Numbers::kBf16 ? hi : hi + bf16_to_f32(f32_to_bf16(value - hi));
}

std::vector<float> kept(Numbers numbers, std::vector<float> values) {
  for (float& value : values) value = kept(numbers, value);
  return values;
}

std::vector<Line> to_lines(const LineTurn& turn, const std::vector<float>& planes, ThreadPool& pool) {
  std::vector<float> blocks(static_cast<size_t>(turn.image.batch * blocked::blocks_of(turn.image.channels) *
                                                turn.image.plane * 16));
  blocked::to_blocks(turn.image, planes.data(), blocks.data(), pool);
  std::vector<Line> lines(static_cast<size_t>(lines_of(turn.image, turn.numbers)));
  from_blocks(line_kernels(detect_cpu_features(), turn.numbers), turn, blocks.data(), lines.data(), pool);
  return lines;
}

std::vector<float> to_planes(const LineTurn& turn, const std::vector<Line>& lines, ThreadPool& pool) {
  std::vector<float> blocks(static_cast<size_t>(turn.image.batch * blocked::blocks_of(turn.image.channels) *
                                                turn.image.plane * 16));
  to_blocks(line_kernels(detect_cpu_features(), turn.numbers), turn, lines.data(), blocks.data(), pool);
  std::vector<float> planes(static_cast<size_t>(turn.image.batch * turn.image.channels * turn.image.plane));
  blocked::to_planes(turn.image, blocks.data(), planes.data(), pool);
  return planes;
}

/// With numbers of no meaning past the last channel.
std::vector<Line> to_littered_lines(const LineTurn& turn, const std::vector<float>& planes,
                                    ThreadPool& pool) {
  std::vector<Line> lines = to_lines(turn, planes, pool);
  const int64_t last = turn.image.channels % kChannels, parts = parts_of(turn.numbers);
  const int64_t blocks = blocks_of(turn.image.channels);
  if (last == 0) return lines;
  for (int64_t n = 1; n <= turn.image.batch; ++n)
    for (int64_t i = 0; i < parts * turn.image.plane; ++i) {
      Line& line = lines[static_cast<size_t>((n * blocks - 1) * parts * turn.image.plane + i)];
      std::fill(line.numbers + last, line.numbers + kChannels, f32_to_bf16(1e3F));
    }
  return lines;
}

struct Operands {
  std::vector<float> in, weights, bias, residual;

  explicit Operands(const ConvDesc& desc)
      : in(random_values(desc.batch * desc.in_channels * volume(desc.window.in), 1)),
        weights(random_values(desc.out_channels * desc.in_channels / desc.groups * volume(desc.window.kernel),
                              2)),
        bias(random_values(desc.out_channels, 3)),
        residual(random_values(desc.batch * desc.out_channels * volume(desc.window.out), 4)) {}
};

/// FP32 sums of what `numbers` keep of the operands.
std::vector<float> reference(const LineConvDesc& desc, const Operands& operands, bool keeps_weights) {
  const auto in = kept(desc.numbers, operands.in),
             weights = keeps_weights ? operands.weights : kept(desc.numbers, operands.weights),
             residual = kept(desc.numbers, operands.residual);
  std::vector<float> out(residual.size());
  ThreadPool pool(1);
  ref::conv(desc.conv,
            {in.data(), weights.data(), operands.bias.data(), residual.data(), out.data(), nullptr}, pool);
  return out;
}

/// Numbers past the last channel meet weights of zero, which only finite ones pass.
bool all_finite(const std::vector<Line>& lines) {
  return std::all_of(lines.begin(), lines.end(), [](const Line& line) {
    return std::all_of(std::begin(line.numbers), std::end(line.numbers),
                       [](uint16_t bits) { return std::isfinite(bf16_to_f32(bits)); });
  });
}

std::vector<float> run(const LineConvImpl& impl, const LineConvDesc& desc, const Operands& operands) {
  const ConvDesc& conv = desc.conv;
  ThreadPool pool(conv.threads);
  const LineTurn in{image_of(conv.batch, conv.in_channels, conv.window.in), desc.numbers},
      out{image_of(conv.batch, conv.out_channels, conv.window.out), desc.numbers};
  const std::vector<Line> input = to_littered_lines(in, operands.in, pool),
                          residual = to_littered_lines(out, operands.residual, pool);
  std::vector<Line> output(residual.size());
  std::vector<Line> packed(impl.packed_bytes(desc) / kLineBytes),
      scratch(impl.scratch_bytes(desc) / kLineBytes);
  impl.pack(desc, operands.weights.data(), packed.data());
  for (int again = 0; again < 2; ++again)  // scratch memory is as the first call left it
    impl.run(desc,
             {takes_planes(desc) ? static_cast<const void*>(operands.in.data()) : input.data(), packed.data(),
              operands.bias.data(), residual.data(), output.data(), scratch.data()},
             pool);
  EXPECT_TRUE(all_finite(output)) << impl.name;
  return to_planes(out, output, pool);
}

Activation random_activation(Rng& rng) {
  using Kind = Activation::Kind;
  constexpr Kind kKinds[] = {Kind::kNone, Kind::kRelu, Kind::kSilu, Kind::kHardSwish, Kind::kClip};
  return {kKinds[rng.below(5)], -0.5F, 1};
}

LineConvDesc random_conv(Rng& rng) {
  const auto upto = [&](uint64_t bound) { return 1 + static_cast<int64_t>(rng.below(bound)); };
  LineConvDesc desc{.conv = {.batch = upto(3), .in_channels = upto(70), .out_channels = upto(70)},
                    .numbers = rng.below(2) == 0 ? Numbers::kBf16 : Numbers::kBf16Pair};
  if (rng.below(4) == 0) desc.conv.in_channels = upto(4);
  if (rng.below(4) == 0) desc.conv.groups = desc.conv.out_channels = desc.conv.in_channels;
  do desc.conv.window = random_window(rng, {.kernel = rng.below(8) == 0 ? 10U : 4U, .slack = {1, 8, 24}});
  while (desc.conv.window.kernel[0] != 1 || desc.conv.window.in[0] != 1);
  desc.conv.threads = static_cast<int>(upto(3));
  desc.conv.has_bias = rng.below(2) == 0;
  desc.conv.has_residual = rng.below(2) == 0;
  desc.conv.activation = random_activation(rng);
  return desc;
}

LineConvDesc random_depthwise(Rng& rng) {
  LineConvDesc desc = random_conv(rng);
  desc.conv.groups = desc.conv.out_channels = desc.conv.in_channels = 2 + static_cast<int64_t>(rng.below(90));
  desc.conv.window = random_depthwise_window(rng);
  return desc;
}

std::string describe(const LineConvDesc& desc) {
  const ConvDesc& c = desc.conv;
  const Window& w = c.window;
  return fmt::format(
      "{} x {} to {}, {}x{} by {}x{} stride {}x{} dilation {}x{} pad {}x{}, {} parts, {} threads", c.batch,
      c.in_channels, c.out_channels, w.in[1], w.in[2], w.kernel[1], w.kernel[2], w.stride[1], w.stride[2],
      w.dilation[1], w.dilation[2], w.pad[1], w.pad[2], parts_of(desc.numbers), c.threads);
}

/// Holds every implementation that takes a case to the reference; the names of those that did.
std::vector<std::string_view> check(const LineConvDesc& desc) {
  const Operands operands(desc.conv);
  const std::vector<float> rounded = reference(desc, operands, false),
                           plain = reference(desc, operands, true);
  const double terms =
      static_cast<double>(desc.conv.in_channels / desc.conv.groups * volume(desc.conv.window.kernel));
  // lo · lo is left out, and results are rounded to what the numbers keep
  const bool is_pair = desc.numbers == Numbers::kBf16Pair;
  const double of_sums = is_pair ? 2e-5 * std::sqrt(terms) : 1e-6 * (8 + terms);
  std::vector<std::string_view> taken;
  for (const LineConvImpl& impl : conv_impls()) {
    if (!impl.accepts(desc, detect_cpu_features()).ok()) continue;
    taken.push_back(impl.name);
    const std::vector<float> got = run(impl, desc, operands), &want = impl.keeps_weights ? plain : rounded;
    for (size_t i = 0; i < want.size(); ++i)
      if (!(std::abs(got[i] - want[i]) <= of_sums + std::abs(want[i]) * (is_pair ? 0x1p-16 : 0x1p-8))) {
        ADD_FAILURE() << impl.name << " at " << i << ": " << got[i] << ", not " << want[i] << "; "
                      << describe(desc);
        break;
      }
  }
  return taken;
}

TEST(LineConv, RandomShapesGiveWhatTheReferenceGives) {
  Rng rng(41);
  std::map<std::string_view, int> takers;
  for (int round = 0; round < 300; ++round)
    for (const std::string_view name : check(random_conv(rng))) ++takers[name];
  EXPECT_GT(takers["ref"], 200);
  const CpuFeatures cpu = detect_cpu_features();
  EXPECT_TRUE(!cpu.avx512f || takers["depthwise_avx512"] > 40);
  EXPECT_TRUE(!(cpu.avx2 && cpu.fma) || takers["depthwise_avx2"] > 40);
  EXPECT_TRUE(!cpu.avx512_bf16 || takers["dot_avx512_bf16"] > 100);
  EXPECT_TRUE(!cpu.amx_bf16 || takers["tiles_amx"] > 200);
}

TEST(LineConv, RandomWindowsForEachChannelGiveWhatTheReferenceGives) {
  Rng rng(47);
  std::map<std::string_view, int> takers;
  for (int round = 0; round < 600; ++round)
    for (const std::string_view name : check(random_depthwise(rng))) ++takers[name];
  const CpuFeatures cpu = detect_cpu_features();
  EXPECT_TRUE(!cpu.avx512f || takers["depthwise_avx512"] == 600);
  EXPECT_TRUE(!cpu.avx512_bf16 || takers["depthwise_avx512_bf16"] > 80);
}

TEST(LineConv, RandomLayersForWinogradsTilesGiveWhatTheReferenceGives) {
  Rng rng(45);
  const auto upto = [&](uint64_t bound) { return 1 + static_cast<int64_t>(rng.below(bound)); };
  std::map<std::string_view, int> takers;
  for (int round = 0; round < 40; ++round) {
    LineConvDesc desc{.conv = {.batch = upto(3), .in_channels = 16 * upto(6), .out_channels = 32 * upto(4)}};
    const int64_t height = 16 + upto(20), width = 16 + upto(20), apart = rng.below(4) == 0 ? upto(4) : 1;
    desc.conv.window = {.in{1, height, width},
                        .out{1, height, width},
                        .kernel{1, 3, 3},
                        .dilation{1, apart, apart},
                        .pad{0, apart, apart}};
    desc.conv.threads = static_cast<int>(upto(3));
    desc.conv.has_bias = rng.below(2) == 0;
    desc.conv.has_residual = rng.below(2) == 0;
    desc.conv.activation = random_activation(rng);
    for (const std::string_view name : check(desc)) ++takers[name];
  }
  EXPECT_TRUE(!detect_cpu_features().avx512_bf16 || takers["winograd4_avx512_bf16"] > 20);
}

TEST(LineConv, LayersOfKnownNetworksGiveWhatTheReferenceGives) {
  const auto square = [](int64_t in, int64_t out, int64_t size, const Window& window) {
    ConvDesc desc{.in_channels = in, .out_channels = out, .window = window, .threads = 2};
    desc.has_bias = true;
    desc.window.in = {1, size, size};
    for (size_t axis = 1; axis < 3; ++axis)
      desc.window.out[axis] = (size + 2 * window.pad[axis] - window.kernel[axis]) / window.stride[axis] + 1;
    return desc;
  };
  const Window k3{.kernel{1, 3, 3}, .pad{0, 1, 1}}, k3s2{.kernel{1, 3, 3}, .stride{1, 2, 2}, .pad{0, 1, 1}};
  for (const ConvDesc& conv :
       {square(3, 64, 75, {.kernel{1, 7, 7}, .stride{1, 2, 2}, .pad{0, 3, 3}}), square(64, 64, 28, k3),
        square(64, 128, 28, k3s2), square(64, 128, 28, {.stride{1, 2, 2}}), square(512, 128, 7, k3),
        square(256, 64, 14, {}), square(3, 32, 65, k3s2), square(16, 48, 150, k3s2), square(24, 144, 28, {})})
    for (const Numbers numbers : {Numbers::kBf16, Numbers::kBf16Pair}) check({conv, numbers});
}

TEST(LineConv, ResultsDoNotDependOnTheNumberOfThreads) {
  Rng rng(43);
  for (int round = 0; round < 30; ++round) {
    LineConvDesc desc = random_conv(rng);
    const Operands operands(desc.conv);
    for (const LineConvImpl& impl : conv_impls()) {
      desc.conv.threads = 1;
      if (!impl.accepts(desc, detect_cpu_features()).ok()) continue;
      const std::vector<float> one = run(impl, desc, operands);
      desc.conv.threads = 3;
      EXPECT_EQ(run(impl, desc, operands), one) << impl.name << ", " << describe(desc);
    }
  }
}

TEST(LinePool, RandomWindowsGiveWhatTheReferenceGives) {
  Rng rng(44);
  ThreadPool threads(2);
  for (int round = 0; round < 200; ++round) {
    const Numbers numbers = rng.below(2) == 0 ? Numbers::kBf16 : Numbers::kBf16Pair;
    const int64_t channels = 1 + static_cast<int64_t>(rng.below(80));
    LinePool desc{.kind = rng.below(2) == 0 ? PoolKind::kMax : PoolKind::kAverage,
                  .padding = {.counted = rng.below(2) == 0, .pad_end = {0, 1, 0}},
                  .numbers = numbers};
    do desc.desc.window = random_window(rng, {.kernel = 4, .slack = {1, 10, 30}});
    while (desc.desc.window.kernel[0] != 1 || desc.desc.window.in[0] != 1);
    const LineTurn in{image_of(2, channels, desc.desc.window.in), numbers},
        out{image_of(2, channels, desc.desc.window.out), numbers};
    std::vector<float> values =
        kept(numbers, random_values(2 * channels * in.image.plane, static_cast<unsigned>(round)));
    values[values.size() / 2] = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> want(static_cast<size_t>(2 * channels * out.image.plane));
    const auto view = [](std::vector<float>& of) {
      return TensorView{
          DType::kF32, {static_cast<int64_t>(of.size())}, reinterpret_cast<std::byte*>(of.data())};
    };
    const ref::PoolDesc planes{2 * channels, desc.desc.window};
    ASSERT_TRUE((desc.kind == PoolKind::kMax
                     ? ref::max_pool(planes, view(values), view(want), {}, threads)
                     : ref::average_pool(planes, desc.padding, view(values), view(want), threads))
                    .ok());
    const std::vector<Line> lines = to_littered_lines(in, values, threads);
    desc.desc.planes = 2 * blocks_of(channels);
    for (const LineKernels* kernels : {&line_kernels(detect_cpu_features(), numbers), &ref_lines(numbers)}) {
      std::vector<Line> pooled(static_cast<size_t>(lines_of(out.image, numbers)));
      pool(*kernels, desc, lines.data(), pooled.data(), threads);
      const std::vector<float> got = to_planes(out, pooled, threads);
      for (size_t i = 0; i < want.size(); ++i)
        ASSERT_TRUE(std::isnan(want[i])
                        ? std::isnan(got[i])
                        : std::abs(got[i] - want[i]) <=
                              1e-6 + std::abs(want[i]) * (numbers == Numbers::kBf16 ? 0x1p-8 : 0x1p-16))
            << i << " of round " << round << ": " << got[i] << ", not " << want[i];
    }
  }
}

TEST(LineTurn, ThereAndBackKeepsWhatTheNumbersHold) {
  ThreadPool pool(3);
  for (const Numbers numbers : {Numbers::kBf16, Numbers::kBf16Pair})
    for (const TurnDesc& image : {TurnDesc{1, 1, 1}, TurnDesc{2, 48, 49}, TurnDesc{3, 37, 1030}}) {
      const std::vector<float> values = random_values(image.batch * image.channels * image.plane, 5);
      const LineTurn turn{image, numbers};
      EXPECT_EQ(to_planes(turn, to_lines(turn, values, pool), pool), kept(numbers, values));
    }
}

TEST(LineTurn, RowsOfAMatrixThereAndBackKeepWhatTheNumbersHold) {
  ThreadPool pool(2);
  for (const RowTurn& turn : {RowTurn{1, 5}, RowTurn{3, 64, Numbers::kBf16Pair}, RowTurn{7, 130}}) {
    const std::vector<float> rows = random_values(turn.rows * turn.columns, 6);
    std::vector<Line> lines(static_cast<size_t>(lines_of(turn)));
    std::vector<float> back(rows.size());
    const LineKernels& kernels = line_kernels(detect_cpu_features(), turn.numbers);
    from_rows(kernels, turn, rows.data(), lines.data(), pool);
    to_rows(kernels, turn, lines.data(), back.data(), pool);
    EXPECT_EQ(back, kept(turn.numbers, rows));
  }
}

/// Of more than some thousand pixels sums are those of parts, which threads may share.
class LinePlanesOf : public testing::TestWithParam<int64_t> {};
INSTANTIATE_TEST_SUITE_P(Pixels, LinePlanesOf, testing::Values(35, 5003));

TEST_P(LinePlanesOf, MeansAndScaledOnesAreThoseOfTheirPlanes) {
  ThreadPool threads(2), alone(1);
  const int64_t pixels = GetParam();
  for (const Numbers numbers : {Numbers::kBf16, Numbers::kBf16Pair}) {
    const LineTurn image{{.batch = 2, .channels = 43, .plane = pixels}, numbers},
        pixel{{.batch = 2, .channels = 43, .plane = 1}, numbers};
    const auto values = kept(numbers, random_values(2 * 43 * pixels, 9)),
               factors = kept(numbers, random_values(2 * 43, 10));
    const LinePlanes desc{.planes = 4, .pixels = pixels, .numbers = numbers};
    for (const LineKernels* kernels : {&line_kernels(detect_cpu_features(), numbers), &ref_lines(numbers)}) {
      const std::vector<Line> in = to_littered_lines(image, values, threads),
                              by = to_littered_lines(pixel, factors, threads);
      std::vector<Line> means(by.size()), means_alone(by.size()), scaled(in.size());
      mean(*kernels, desc, in.data(), means.data(), threads);
      mean(*kernels, desc, in.data(), means_alone.data(), alone);
      scale(*kernels, desc, {in.data(), by.data(), scaled.data()}, threads);
      const std::vector<float> mean_planes = to_planes(pixel, means, threads),
                               scaled_planes = to_planes(image, scaled, threads);
      EXPECT_EQ(mean_planes, to_planes(pixel, means_alone, threads));
      const double rounding = numbers == Numbers::kBf16 ? 0x1p-8 : 0x1p-15;
      const auto of_plane = static_cast<size_t>(pixels);
      for (size_t plane = 0; plane < mean_planes.size(); ++plane) {
        double sum = 0;
        for (size_t i = 0; i < of_plane; ++i) sum += values[plane * of_plane + i];
        const double mean = sum / static_cast<double>(pixels);
        EXPECT_NEAR(mean_planes[plane], mean, 1e-6 + rounding * std::abs(mean));
      }
      for (size_t i = 0; i < values.size(); ++i)
        ASSERT_NEAR(scaled_planes[i], values[i] * factors[i / of_plane], rounding);
    }
  }
}

}  // namespace
}  // namespace ridgeline::kernels::lines
