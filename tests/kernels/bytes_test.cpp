// Kernels on images of bytes in lines against the reference on planes, bit by bit, over random shapes.

#include <algorithm>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/rng.h"
#include "kernels/bytes/conv.h"
#include "kernels/bytes/image.h"
#include "random_window.h"

namespace ridgeline::kernels::bytes {
namespace {

using blocked::TurnDesc;
using Bytes = std::vector<uint8_t>;

DType random_type(Rng& rng) { return rng.below(2) == 0 ? DType::kU8 : DType::kI8; }
int64_t upto(Rng& rng, uint64_t bound) { return 1 + static_cast<int64_t>(rng.below(bound)); }
int32_t lowest(DType dtype) { return dtype == DType::kI8 ? -128 : 0; }
int32_t random_step(Rng& rng, DType dtype) { return lowest(dtype) + static_cast<int32_t>(rng.below(256)); }
float uniform(Rng& rng, double low, double high) {
  return static_cast<float>(low + (high - low) * rng.uniform());
}

Bytes random_bytes(Rng& rng, int64_t count) {
  Bytes bytes(static_cast<size_t>(count));
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(rng.below(256));
  return bytes;
}

std::vector<Line> lines_for(const TurnDesc& image) {
  return std::vector<Line>(static_cast<size_t>(image.batch * blocks_of(image.channels) * image.plane));
}

/// With steps of no meaning past the last channel.
std::vector<Line> to_littered_lines(const ByteTurn& turn, const Bytes& planes, ThreadPool& pool) {
  std::vector<Line> to = lines_for(turn.image);
  from_planes(turn, planes.data(), to.data(), pool);
  const int64_t last = turn.image.channels % kChannels, blocks = blocks_of(turn.image.channels),
                plane = std::max<int64_t>(turn.image.plane, 1);
  for (size_t i = 0; last != 0 && i < to.size(); ++i)
    if (static_cast<int64_t>(i) / plane % blocks == blocks - 1)
      std::fill(steps_of(&to[i]) + last, steps_of(&to[i]) + kChannels, uint8_t{0xa5});
  return to;
}

Bytes to_planes(const ByteTurn& turn, const std::vector<Line>& from, ThreadPool& pool) {
  Bytes planes(static_cast<size_t>(turn.image.batch * turn.image.channels * turn.image.plane));
  to_planes(turn, from.data(), planes.data(), pool);
  return planes;
}

/// Steps from `low` to `high` and what a residual is worth; small enough that not all results are clamped.
Finish random_finish(Rng& rng, DType out) {
  Finish finish{.rounds_sums = rng.below(2) == 0,
                .middle_low = uniform(rng, -90, 0),
                .middle_high = uniform(rng, 0, 90),
                .middle_scale = uniform(rng, 0.3, 1.5),
                .residual_scale = uniform(rng, 0.2, 1),
                .residual_shift = uniform(rng, -90, 0),
                .zero = random_step(rng, out)};
  if (!finish.rounds_sums) finish.middle_scale = 1;
  finish.low = static_cast<float>(lowest(out) - finish.zero);
  finish.high = finish.low + 255;
  if (rng.below(2) == 0) finish.low = std::max(finish.low, -3.0F);
  return finish;
}

struct Operands {
  Bytes in, residual;
  std::vector<int8_t> weights;
  std::vector<float> scale, shift;

  Operands(Rng& rng, const QuantizedConvDesc& desc)
      : in(random_bytes(rng, desc.conv.batch * desc.conv.in_channels * volume(desc.conv.window.in))),
        residual(random_bytes(rng, desc.conv.batch * desc.conv.out_channels * volume(desc.conv.window.out))) {
    const int64_t terms = desc.conv.in_channels / desc.conv.groups * volume(desc.conv.window.kernel);
    for (const uint8_t byte : random_bytes(rng, desc.conv.out_channels * terms))
      weights.push_back(static_cast<int8_t>(byte));
    for (int64_t i = 0; i < desc.conv.out_channels; ++i) {
      scale.push_back(uniform(rng, 0.002, 0.02) / std::sqrt(static_cast<float>(terms)));
      shift.push_back(uniform(rng, -20, 20));
    }
  }
};

/// Results as they lie on planes, FP32 ones as their bits.
Bytes reference(const QuantizedConvDesc& desc, const Operands& operands) {
  const int64_t results = desc.conv.batch * desc.conv.out_channels * volume(desc.conv.window.out);
  Bytes out(static_cast<size_t>(results) * size_of(desc.out));
  ThreadPool pool(1);
  ref::quantized_conv(desc,
                      {.in = operands.in.data(),
                       .weights = operands.weights.data(),
                       .scale = operands.scale.data(),
                       .shift = operands.shift.data(),
                       .residual = operands.residual.data(),
                       .out = out.data()},
                      pool);
  return out;
}

Bytes run(const QuantizedConvImpl& impl, const QuantizedConvDesc& desc, const Operands& operands) {
  const ConvDesc& conv = desc.conv;
  ThreadPool pool(conv.threads);
  const TurnDesc in{conv.batch, conv.in_channels, volume(conv.window.in)},
      out{conv.batch, conv.out_channels, volume(conv.window.out)};
  const std::vector<Line> input = to_littered_lines({in, desc.in}, operands.in, pool),
                          residual = to_littered_lines({out, desc.residual}, operands.residual, pool);
  std::vector<Line> output = lines_for(out), packed(impl.packed_bytes(desc) / kLineBytes),
                    scratch(impl.scratch_bytes(desc) / kLineBytes);
  std::vector<float> blocks(
      static_cast<size_t>(out.batch * blocked::blocks_of(out.channels) * out.plane * 16));
  const bool is_float = desc.out == DType::kF32;
  impl.pack(desc, operands.weights.data(), packed.data());
  for (int again = 0; again < 2; ++again)  // scratch memory is as the first call left it
    impl.run(desc,
             {.in = takes_planes(desc) ? static_cast<const void*>(operands.in.data()) : input.data(),
              .weights = packed.data(),
              .scale = operands.scale.data(),
              .shift = operands.shift.data(),
              .residual = residual.data(),
              .out = is_float ? static_cast<void*>(blocks.data()) : output.data(),
              .scratch = scratch.data()},
             pool);
  if (!is_float) return to_planes({out, desc.out}, output, pool);
  Bytes planes(static_cast<size_t>(out.batch * out.channels * out.plane) * sizeof(float));
  blocked::to_planes(out, blocks.data(), reinterpret_cast<float*>(planes.data()), pool);
  return planes;
}

QuantizedConvDesc random_conv(Rng& rng) {
  QuantizedConvDesc desc{
      .conv = {.batch = upto(rng, 2), .in_channels = upto(rng, 100), .out_channels = upto(rng, 140)},
      .in = random_type(rng),
      .residual = random_type(rng),
      .out = random_type(rng)};
  if (rng.below(4) == 0) desc.conv.in_channels = upto(rng, 4);
  if (rng.below(4) == 0) desc.conv.groups = desc.conv.out_channels = desc.conv.in_channels;
  do desc.conv.window = random_window(rng, {.kernel = rng.below(16) == 0 ? 10U : 4U, .slack = {1, 8, 20}});
  while (desc.conv.window.kernel[0] != 1 || desc.conv.window.in[0] != 1);
  desc.conv.threads = static_cast<int>(upto(rng, 3));
  desc.conv.has_residual = rng.below(2) == 0;
  desc.in_zero = random_step(rng, desc.in);
  desc.finish = random_finish(rng, desc.out);
  if (rng.below(4) == 0) {
    desc.out = DType::kF32;
    desc.finish.zero = 0;
  }
  return desc;
}

std::string describe(const QuantizedConvDesc& desc) {
  const ConvDesc& c = desc.conv;
  const Window& w = c.window;
  return fmt::format(
      "{} x {} {} to {} {}, {}x{} by {}x{} stride {}x{} dilation {}x{} pad {}x{}, {} groups, {} threads",
      c.batch, c.in_channels, name_of(desc.in), c.out_channels, name_of(desc.out), w.in[1], w.in[2],
      w.kernel[1], w.kernel[2], w.stride[1], w.stride[2], w.dilation[1], w.dilation[2], w.pad[1], w.pad[2],
      c.groups, c.threads);
}

/// Holds every implementation that takes a case to the reference; the names of those that did.
std::vector<std::string_view> check(Rng& rng, QuantizedConvDesc desc) {
  const Operands operands(rng, desc);
  desc.largest_sum = quantized::largest_sum(desc, operands.weights.data());
  const Bytes want = reference(desc, operands);
  std::vector<std::string_view> taken;
  for (const QuantizedConvImpl& impl : conv_impls()) {
    if (!impl.accepts(desc, detect_cpu_features()).ok()) continue;
    taken.push_back(impl.name);
    EXPECT_EQ(run(impl, desc, operands), want) << impl.name << ": " << describe(desc);
  }
  return taken;
}

TEST(ByteConv, RandomShapesGiveTheReferencesBits) {
  constexpr int kRounds = 100;
  Rng rng(51);
  std::map<std::string_view, int> takers;
  for (int round = 0; round < kRounds; ++round)
    for (const std::string_view name : check(rng, random_conv(rng))) ++takers[name];
  const CpuFeatures cpu = detect_cpu_features();
  EXPECT_GT(takers["bytes_ref"], kRounds / 2);
  EXPECT_GT(takers["bytes_lanes_ref"], kRounds / 10);
  EXPECT_TRUE(!cpu.avx512_vnni || takers["bytes_lanes_avx512_vnni"] > kRounds / 10);
  EXPECT_TRUE(!cpu.avx512_vnni || takers["bytes_avx512_vnni"] > kRounds / 2);
  EXPECT_TRUE(!cpu.amx_int8 || takers["bytes_amx"] > kRounds / 2);
}

/// Of the shapes that Winograd's tiles take, whatever else does.
QuantizedConvDesc random_3x3(Rng& rng) {
  QuantizedConvDesc desc = random_conv(rng);
  const int64_t height = upto(rng, 40), width = upto(rng, 40);
  desc.conv.window = {{1, height, width}, {1, height, width}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}};
  desc.conv.groups = 1;
  desc.conv.in_channels = 32 * upto(rng, 5);
  desc.conv.out_channels = 32 * upto(rng, 5);
  if (desc.out == DType::kF32) {
    desc.out = DType::kU8;
    desc.finish = random_finish(rng, desc.out);
  }
  return desc;
}

TEST(ByteConv, WholeTilesGiveTheReferencesBits) {
  constexpr int kRounds = 60;
  Rng rng(56);
  std::map<std::string_view, int> takers;
  for (int round = 0; round < kRounds; ++round)
    for (const std::string_view name : check(rng, random_3x3(rng))) ++takers[name];
  EXPECT_TRUE(!detect_cpu_features().avx512_vnni || takers["bytes_winograd4_avx512_vnni"] > kRounds / 3);
}

/// With extreme steps and weights, each result tells the last bits of sums near the largest.
TEST(ByteConv, SumsUpToWhatWholeTilesHoldAreExact) {
  Rng rng(57);
  QuantizedConvDesc desc{.conv = {.in_channels = 96, .out_channels = 32, .threads = 2},
                         .finish = {.low = 0, .high = 255}};
  desc.conv.window = {{1, 9, 9}, {1, 9, 9}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}};
  Operands operands(rng, desc);
  for (const int8_t weight : {int8_t{127}, int8_t{-128}}) {
    std::ranges::fill(operands.weights, weight);
    std::ranges::fill(operands.in, 255);
    for (uint8_t& step : operands.in) step -= static_cast<uint8_t>(rng.below(16) == 0);
    std::ranges::fill(operands.scale, 1);
    for (size_t i = 0; i < operands.shift.size(); ++i)  // around what is to be expected inside
      operands.shift[i] = (54.0F - 9 * 96 * 255) * weight + 60 * (static_cast<float>(i) - 16);
    desc.largest_sum = quantized::largest_sum(desc, operands.weights.data());
    EXPECT_EQ(desc.largest_sum, int64_t{9} * 96 * 255 * std::abs(weight));
    const Bytes want = reference(desc, operands);
    EXPECT_GT(std::set(want.begin(), want.end()).size(), 30U) << "some are neither lowest nor highest";
    for (const QuantizedConvImpl& impl : conv_impls()) {
      if (!impl.accepts(desc, detect_cpu_features()).ok()) continue;
      EXPECT_EQ(run(impl, desc, operands), want) << impl.name;
    }
  }
}

TEST(ByteConv, LayersOfKnownNetworksGiveTheReferencesBits) {
  const auto square = [](int64_t in, int64_t out, int64_t size, const Window& window) {
    QuantizedConvDesc desc{.conv = {.in_channels = in, .out_channels = out, .window = window, .threads = 2},
                           .in_zero = 128,
                           .finish = {.low = 0, .high = 255}};
    desc.conv.window.in = {1, size, size};
    for (size_t axis = 1; axis < 3; ++axis)
      desc.conv.window.out[axis] =
          (size + 2 * window.pad[axis] - window.kernel[axis]) / window.stride[axis] + 1;
    return desc;
  };
  const Window k3{.kernel{1, 3, 3}, .pad{0, 1, 1}}, k3s2{.kernel{1, 3, 3}, .stride{1, 2, 2}, .pad{0, 1, 1}};
  Rng rng(53);
  for (const QuantizedConvDesc& desc :
       {square(3, 64, 75, {.kernel{1, 7, 7}, .stride{1, 2, 2}, .pad{0, 3, 3}}), square(64, 64, 28, k3),
        square(384, 384, 28, k3), square(64, 128, 28, k3s2), square(64, 128, 28, {.stride{1, 2, 2}}),
        square(512, 128, 7, k3), square(256, 64, 14, {}), square(3, 32, 65, k3s2), square(24, 144, 28, {})})
    check(rng, desc);
}

TEST(ByteConv, ResultsDoNotDependOnTheNumberOfThreads) {
  Rng rng(54);
  for (int round = 0; round < 20; ++round) {
    QuantizedConvDesc desc = random_conv(rng);
    const Operands operands(rng, desc);
    for (const QuantizedConvImpl& impl : conv_impls()) {
      desc.conv.threads = 1;
      if (!impl.accepts(desc, detect_cpu_features()).ok()) continue;
      const Bytes one = run(impl, desc, operands);
      desc.conv.threads = 3;
      EXPECT_EQ(run(impl, desc, operands), one) << impl.name << ", " << describe(desc);
    }
  }
}

TEST(ByteConv, CasesAreRefusedWithTheirReasons) {
  QuantizedConvDesc grouped{.conv = {.in_channels = 8, .out_channels = 8, .groups = 2}};
  for (const QuantizedConvImpl& impl : conv_impls())
    EXPECT_NE(impl.accepts(grouped, detect_cpu_features()).message(), "") << impl.name;
  QuantizedConvDesc wide{.conv = {.in_channels = 8, .out_channels = 8, .groups = 8}};
  wide.conv.window = {.in{1, 9, 400}, .out{1, 1, 100}, .kernel{1, 9, 61}, .dilation{1, 1, 5}};
  EXPECT_EQ(conv_impls()[3].accepts(wide, detect_cpu_features()).message(),
            "takes windows of up to 160 columns by four rows");
  QuantizedConvDesc large{.conv = {.in_channels = 128, .out_channels = 64}, .largest_sum = int64_t{1} << 25};
  large.conv.window = {{1, 56, 56}, {1, 56, 56}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}};
  EXPECT_EQ(
      conv_impls()[1].accepts(large, {.avx512f = true, .avx512bw = true, .avx512_vnni = true}).message(),
      "takes sums below 33554432, these may reach 33554432");
  EXPECT_EQ(conv_impls()[0].accepts({}, CpuFeatures{}).message(), "needs amx_int8");
  EXPECT_EQ(conv_impls()[1].accepts({}, CpuFeatures{}).message(), "needs avx512_vnni");
  EXPECT_EQ(are_fast({}).message(), "needs avx512_vnni");
}

TensorView view(Bytes& bytes, DType dtype) {
  return {dtype, {static_cast<int64_t>(bytes.size())}, reinterpret_cast<std::byte*>(bytes.data())};
}

const std::vector<const ByteKernels*>& usable_kernels() {
  static const std::vector<const ByteKernels*> kKernels = [] {
    CpuFeatures without = detect_cpu_features();
    without.avx512_vbmi = false;
    return std::vector{&ref_bytes(), &byte_kernels(without), &byte_kernels(detect_cpu_features())};
  }();
  return kKernels;
}

TEST(BytePool, RandomWindowsGiveTheReferencesBits) {
  Rng rng(55);
  ThreadPool threads(2);
  for (int round = 0; round < 100; ++round) {
    const int64_t channels = upto(rng, 150);
    const DType in_type = random_type(rng), out_type = random_type(rng);
    ref::PoolDesc planes;
    do planes.window = random_window(rng, {.kernel = 4, .slack = {1, 10, 30}});
    while (planes.window.kernel[0] != 1 || planes.window.in[0] != 1);
    planes.planes = 2 * channels;
    const TurnDesc in{2, channels, volume(planes.window.in)}, out{2, channels, volume(planes.window.out)};
    Bytes steps = random_bytes(rng, 2 * channels * in.plane);
    Bytes most(static_cast<size_t>(2 * channels * out.plane)), mean(most.size());
    ASSERT_TRUE(ref::max_pool(planes, view(steps, in_type), view(most, in_type), {}, threads).ok());
    ref::QuantizedAverageDesc average{.pool = planes,
                                      .padding = {.counted = rng.below(2) == 0, .pad_end = {0, 1, 0}},
                                      .in_zero = static_cast<int32_t>(rng.below(256)),
                                      .scale = uniform(rng, 0.3, 2),
                                      .finish = random_finish(rng, out_type)};
    ASSERT_TRUE(ref::quantized_average(average, view(steps, in_type), view(mean, out_type), threads).ok());
    const std::vector<Line> from = to_littered_lines({in, in_type}, steps, threads);
    ref::PoolDesc blocks = planes;
    average.pool.planes = blocks.planes = 2 * blocks_of(channels);
    average.finish.zero = from_lowest(out_type, average.finish.zero);
    for (const ByteKernels* kernels : usable_kernels()) {
      std::vector<Line> to = lines_for(out);
      max_pool(*kernels, blocks, from.data(), to.data(), threads);
      EXPECT_EQ(to_planes({out, in_type}, to, threads), most) << "maxima of round " << round;
      average_pool(*kernels, average, from.data(), to.data(), threads);
      EXPECT_EQ(to_planes({out, out_type}, to, threads), mean) << "means of round " << round;
    }
  }
}

TEST(ByteAdd, GivesTheReferencesBits) {
  Rng rng(56);
  ThreadPool threads(2);
  for (int round = 0; round < 50; ++round) {
    const DType a_type = random_type(rng), b_type = random_type(rng), out_type = random_type(rng);
    const int64_t count = upto(rng, 3000);
    Bytes a = random_bytes(rng, count), b = random_bytes(rng, count), want(a.size()), got(a.size());
    ref::QuantizedAddDesc desc{.scale = uniform(rng, 0.2, 2), .shift = uniform(rng, -200, 0)};
    desc.finish = random_finish(rng, out_type);
    desc.finish.rounds_sums = false;
    desc.finish.middle_scale = 1;
    ASSERT_TRUE(
        ref::quantized_add(desc, view(a, a_type), view(b, b_type), view(want, out_type), threads).ok());
    for (const ByteKernels* kernels : usable_kernels()) {
      add(*kernels,
          {.a = a.data(),
           .b = b.data(),
           .out = got.data(),
           .count = count,
           .flip_a = flip_of(a_type),
           .flip_b = flip_of(b_type),
           .scale = desc.scale,
           .shift = desc.shift,
           .finish = desc.finish},
          threads);
      EXPECT_EQ(got, want) << "round " << round;
    }
  }
}

Bytes flipped_table(const Bytes& table, DType in, DType out) {
  Bytes flipped(table.size());
  for (size_t i = 0; i < table.size(); ++i) flipped[i] = table[i ^ flip_of(in)] ^ flip_of(out);
  return flipped;
}

std::vector<float> flipped_values(const std::vector<float>& values, DType in) {
  std::vector<float> flipped(values.size());
  for (size_t i = 0; i < values.size(); ++i) flipped[i] = values[i ^ flip_of(in)];
  return flipped;
}

std::vector<float> random_values(Rng& rng, float spread) {
  std::vector<float> values(256);
  for (float& value : values) value = uniform(rng, -spread, spread);
  return values;
}

TEST(ByteLookups, GiveTheReferencesBits) {
  Rng rng(58);
  ThreadPool threads(2), alone(1);
  for (int round = 0; round < 60; ++round) {
    const DType in_type = random_type(rng), by_type = random_type(rng), out_type = random_type(rng);
    const bool is_large = round % 12 == 0;  // a plane's sum is that of parts
    const TurnDesc image{2, upto(rng, 150), is_large ? 2048 + upto(rng, 5000) : upto(rng, 300)},
        means{2, image.channels, 1};
    const int64_t planes = image.batch * image.channels;
    Bytes steps = random_bytes(rng, planes * image.plane), by = random_bytes(rng, planes),
          table = random_bytes(rng, 256);
    Bytes looked(steps.size()), mean(by.size()), product(steps.size());
    const std::vector<float> values = random_values(rng, 100), factors = random_values(rng, 2);
    Finish finish = random_finish(rng, out_type);
    ref::lookup(view(steps, in_type), view(table, out_type), view(looked, out_type), threads);
    const float factor = 3 / static_cast<float>(image.plane);
    ref::lookup_mean({planes, image.plane, values.data(), factor, finish}, view(steps, in_type),
                     view(mean, out_type), threads);
    ref::lookup_product({planes, image.plane, values.data(), factors.data(), finish}, view(steps, in_type),
                        view(by, by_type), view(product, out_type), threads);
    const std::vector<Line> from = to_littered_lines({image, in_type}, steps, threads),
                            from_by = to_littered_lines({means, by_type}, by, threads);
    const Bytes line_table = flipped_table(table, in_type, out_type);
    const std::vector<float> line_values = flipped_values(values, in_type),
                             line_factors = flipped_values(factors, by_type);
    LookupDesc desc{image.batch, image.channels, image.plane, line_values.data(), finish};
    desc.finish.zero = from_lowest(out_type, finish.zero);
    for (const ByteKernels* kernels : usable_kernels()) {
      std::vector<Line> to = lines_for(image), to_means = lines_for(means);
      lookup(
          *kernels,
          {steps_of(from.data()), static_cast<int64_t>(from.size()), line_table.data(), steps_of(to.data())},
          threads);
      EXPECT_EQ(to_planes({image, out_type}, to, threads), looked) << "round " << round;
      desc.in = from.data();
      desc.out = to_means.data();
      for (ThreadPool* pool : {&threads, &alone}) {
        std::ranges::fill(to_means, Line{});
        lookup_mean(*kernels, desc, factor, *pool);
        EXPECT_EQ(to_planes({means, out_type}, to_means, threads), mean) << "means of round " << round;
      }
      desc.out = to.data();
      lookup_product(*kernels, desc, {line_factors.data(), from_by.data()}, threads);
      EXPECT_EQ(to_planes({image, out_type}, to, threads), product) << "products of round " << round;
    }
  }
}

TEST(ByteLookups, WhatIsNoNumberIsTheLowestStep) {
  ThreadPool threads(1);
  const std::vector<float> values(256, std::numeric_limits<float>::quiet_NaN());
  for (const ByteKernels* kernels : usable_kernels()) {
    const std::vector<Line> from(3);
    std::vector<Line> to(1);
    const LookupDesc desc{.plane = 3,
                          .values = values.data(),
                          .finish = {.low = -5, .high = 90, .zero = 7},
                          .in = from.data(),
                          .out = to.data()};
    lookup_mean(*kernels, desc, 1, threads);
    EXPECT_EQ(*steps_of(to.data()), 2);
  }
}

TEST(ByteTurn, ThereAndBackKeepsAllSteps) {
  Rng rng(57);
  ThreadPool pool(3);
  for (const TurnDesc& image : {TurnDesc{1, 1, 1}, TurnDesc{2, 130, 49}, TurnDesc{3, 37, 1030}})
    for (const DType dtype : {DType::kU8, DType::kI8}) {
      const Bytes steps = random_bytes(rng, image.batch * image.channels * image.plane);
      EXPECT_EQ(to_planes({image, dtype}, to_littered_lines({image, dtype}, steps, pool), pool), steps);
    }
}

}  // namespace
}  // namespace ridgeline::kernels::bytes
