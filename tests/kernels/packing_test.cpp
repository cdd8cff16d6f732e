// What packed weights may depend on: sessions of other batches, sizes and threads share them.

#include <algorithm>
#include <cstddef>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/rng.h"
#include "kernels/blocked/conv.h"
#include "kernels/bytes/conv.h"
#include "kernels/conv.h"
#include "kernels/gemm.h"
#include "kernels/lines/conv.h"
#include "random_values.h"
#include "random_window.h"

namespace ridgeline::kernels {
namespace {

int64_t below(Rng& rng, uint64_t bound) { return static_cast<int64_t>(rng.below(bound)); }

/// Many with what Winograd's algorithm wants: rows of seven taps at stride 2, or 3×3 with channels for tiles.
ConvDesc random_conv(Rng& rng) {
  ConvDesc desc{.batch = 1 + below(rng, 3), .window = random_window(rng, {4, {3, 9, 9}})};
  desc.groups = below(rng, 3) == 0 ? 1 + below(rng, 4) : 1;
  desc.in_channels = desc.groups * (1 + below(rng, 20));
  desc.out_channels = desc.groups * (1 + below(rng, 40));
  if (below(rng, 4) == 0) desc.out_channels = desc.groups = desc.in_channels;
  if (below(rng, 4) == 0) {
    desc.window = {{1, 9, 9}, {1, 5, 5}, {1, 7, 7}, {1, 2, 2}, {1, 1, 1}, {0, 3, 3}};
    desc.groups = 1;
    desc.in_channels = 1 + below(rng, 4);
  } else if (below(rng, 2) == 0) {
    const int64_t size = 7 + below(rng, 30);
    desc.window = {{1, size, size}, {1, size, size}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}};
    desc.groups = 1;
    desc.in_channels = 16 * (1 + below(rng, 6));
    desc.out_channels = 32 * (1 + below(rng, 4));
    if (below(rng, 3) == 0) {
      desc.window.stride = {1, 2, 2};
      desc.window.out = {1, (size + 1) / 2, (size + 1) / 2};
    }
  }
  return desc;
}

/// Another case of the same weights: of another size too where `resizes`.
ConvDesc another(ConvDesc desc, Rng& rng, bool resizes) {
  desc.batch += 1 + below(rng, 20);
  desc.threads += static_cast<int>(1 + below(rng, 8));
  desc.has_bias = !desc.has_bias;
  desc.has_residual = !desc.has_residual;
  desc.has_factor = !desc.has_factor;
  desc.has_row_means = !desc.has_row_means;
  desc.activation = {Activation::Kind::kRelu};
  for (size_t axis = 1; resizes && axis < 3; ++axis) {
    const int64_t more = 1 + below(rng, 40);
    desc.window.out[axis] += more;
    desc.window.in[axis] += more * desc.window.stride[axis];
  }
  return desc;
}

template <typename Impl, typename Desc, typename Plain>
std::vector<std::byte> pack(const Impl& impl, const Desc& desc, const std::vector<Plain>& weights) {
  const size_t bytes = impl.packed_bytes(desc);
  std::vector<std::byte> room(bytes + 64);
  auto* const packed = room.data() + (64 - reinterpret_cast<uintptr_t>(room.data()) % 64);
  impl.pack(desc, weights.data(), packed);
  return {packed, packed + bytes};
}

constexpr int kRounds = 100;

/// What a kernel packs.
std::vector<float> plain_weights(const float*, int64_t count, int round) {
  return random_values(count, static_cast<unsigned>(round));
}
std::vector<int8_t> plain_weights(const int8_t*, int64_t count, int round) {
  Rng rng(static_cast<uint64_t>(round));
  std::vector<int8_t> weights(static_cast<size_t>(count));
  for (int8_t& weight : weights) weight = static_cast<int8_t>(rng.below(256));
  return weights;
}
template <typename Desc, typename Plain>
const Plain* plain_of(void (*)(const Desc&, const Plain*, void*)) {
  return nullptr;
}

template <typename Impl, typename MakeDesc, typename Vary, typename Count>
void expect_same_bytes(const Impl& impl, const MakeDesc& make, const Vary& vary, const Count& count) {
  SCOPED_TRACE(std::string(impl.name));
  const CpuFeatures cpu = detect_cpu_features();
  Rng rng(11);
  for (int round = 0; round < kRounds; ++round) {
    const auto desc = make(rng);
    const auto other = vary(desc, rng);
    if (!impl.accepts(desc, cpu).ok() || impl.packed_bytes(desc) == 0) continue;
    const auto weights = plain_weights(plain_of(impl.pack), count(desc), round);
    EXPECT_EQ(pack(impl, desc, weights), pack(impl, other, weights)) << "round " << round;
  }
}

int64_t weights_of(const ConvDesc& desc) {
  return desc.out_channels * desc.in_channels / desc.groups * volume(desc.window.kernel);
}

TEST(PackedWeights, OfConvolutionsDoNotDependOnTheBatchAndOnBlocksNotOnTheSize) {
  for (const bool on_planes : {false, true})
    for (const ConvImpl& impl : on_planes ? conv_impls() : blocked::conv_impls())
      expect_same_bytes(
          impl, random_conv, [&](const ConvDesc& desc, Rng& rng) { return another(desc, rng, !on_planes); },
          weights_of);
}

TEST(PackedWeights, OfConvolutionsOnLinesDoNotDependOnTheBatchNorTheSize) {
  for (const auto numbers : {lines::Numbers::kBf16, lines::Numbers::kBf16Pair})
    for (const lines::LineConvImpl& impl : lines::conv_impls())
      expect_same_bytes(
          impl, [&](Rng& rng) { return lines::LineConvDesc{random_conv(rng), numbers}; },
          [](const lines::LineConvDesc& desc, Rng& rng) {
            return lines::LineConvDesc{another(desc.conv, rng, true), desc.numbers};
          },
          [](const lines::LineConvDesc& desc) { return weights_of(desc.conv); });
}

TEST(PackedWeights, OfConvolutionsOnBytesDoNotDependOnTheBatchNorTheSizeNorTheSteps) {
  for (const bytes::QuantizedConvImpl& impl : bytes::conv_impls())
    expect_same_bytes(
        impl, [](Rng& rng) { return bytes::QuantizedConvDesc{.conv = random_conv(rng)}; },
        [](const bytes::QuantizedConvDesc& desc, Rng& rng) {
          return bytes::QuantizedConvDesc{.conv = another(desc.conv, rng, true),
                                          .in = DType::kI8,
                                          .out = DType::kF32,
                                          .in_zero = 7,
                                          .finish = {.rounds_sums = true}};
        },
        [](const bytes::QuantizedConvDesc& desc) { return weights_of(desc.conv); });
}

TEST(PackedWeights, OfProductsDoNotDependOnTheRowsNorWhatIsDoneBehindThem) {
  for (const GemmImpl& impl : gemm_impls())
    expect_same_bytes(
        impl,
        [](Rng& rng) {
          return GemmDesc{.m = 1 + below(rng, 9),
                          .n = 1 + below(rng, 70),
                          .k = 1 + below(rng, 70),
                          .transpose_b = below(rng, 2) == 0};
        },
        [](GemmDesc desc, Rng& rng) {
          desc.m += 1 + below(rng, 50);
          desc.transpose_a = !desc.transpose_a;
          desc.alpha = 3;
          desc.has_bias = true;
          desc.activation = {Activation::Kind::kRelu};
          return desc;
        },
        [](const GemmDesc& desc) { return desc.n * desc.k; });
}

}  // namespace
}  // namespace ridgeline::kernels
