#include "kernels/conv.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "kernels/ref/conv.h"
#include "kernels/select.h"
#include "random_values.h"

namespace ridgeline::kernels {
namespace {

struct ConvCase {
  std::string name;
  ConvDesc desc;
};

ConvDesc describe(int64_t in_channels, int64_t out_channels, int64_t groups, const Window& geometry) {
  ConvDesc desc;
  desc.batch = 2;
  desc.in_channels = in_channels;
  desc.out_channels = out_channels;
  desc.groups = groups;
  desc.window = geometry;
  for (size_t axis = 0; axis < 3; ++axis) {
    Window& w = desc.window;
    const int64_t reach = (w.kernel[axis] - 1) * w.dilation[axis] + 1;
    w.out[axis] = (w.in[axis] + 2 * w.pad[axis] - reach) / w.stride[axis] + 1;
  }
  return desc;
}

std::vector<ConvCase> conv_cases() {
  std::vector<ConvCase> cases;
  cases.push_back({"k3_same", describe(3, 5, 1, {.in{1, 7, 9}, .kernel{1, 3, 3}, .pad{0, 1, 1}})});
  cases.push_back(
      {"k7_stride2", describe(3, 4, 1, {.in{1, 15, 14}, .kernel{1, 7, 7}, .stride{1, 2, 2}, .pad{0, 3, 3}})});
  cases.push_back({"k1_stride2", describe(8, 6, 1, {.in{1, 6, 5}, .stride{1, 2, 2}})});
  cases.push_back({"grouped_dilated",
                   describe(6, 4, 2, {.in{1, 9, 9}, .kernel{1, 3, 2}, .dilation{1, 2, 3}, .pad{0, 2, 1}})});
  cases.push_back({"depthwise", describe(4, 4, 4, {.in{1, 5, 5}, .kernel{1, 3, 3}, .pad{0, 1, 1}})});
  cases.push_back(
      {"three_axes", describe(2, 3, 1, {.in{4, 5, 3}, .kernel{3, 2, 3}, .stride{2, 1, 1}, .pad{1, 0, 1}})});
  cases.push_back(
      {"padding_wider_than_the_input", describe(1, 1, 1, {.in{1, 2, 2}, .kernel{1, 5, 5}, .pad{0, 4, 4}})});
  // More positions than a strip and more channels than a block, whole and ragged.
  cases.push_back({"long_k3", describe(5, 20, 1, {.in{1, 13, 21}, .kernel{1, 3, 3}, .pad{0, 1, 1}})});
  cases.push_back({"long_k1", describe(24, 19, 1, {.in{1, 12, 13}})});
  cases.push_back({"long_k1_whole_strips", describe(8, 16, 1, {.in{1, 12, 12}})});
  cases.push_back({"long_k3_stride2_even",
                   describe(6, 17, 1, {.in{1, 24, 30}, .kernel{1, 3, 3}, .stride{1, 2, 2}, .pad{0, 1, 1}})});
  cases.push_back({"long_k3_stride2_odd",
                   describe(6, 9, 1, {.in{1, 25, 31}, .kernel{1, 3, 3}, .stride{1, 2, 2}, .pad{0, 1, 1}})});
  cases.push_back(
      {"long_k2_stride3", describe(4, 8, 1, {.in{1, 26, 29}, .kernel{1, 2, 2}, .stride{1, 3, 3}})});
  cases.push_back({"long_groups", describe(8, 24, 2, {.in{1, 11, 17}, .kernel{1, 3, 3}, .pad{0, 1, 1}})});
  cases.push_back({"long_groups_k1", describe(8, 24, 2, {.in{1, 11, 17}})});
  cases.push_back(
      {"long_k5_dilated",
       describe(3, 8, 1,
                {.in{1, 19, 20}, .kernel{1, 5, 5}, .stride{1, 2, 1}, .dilation{1, 2, 3}, .pad{0, 4, 6}})});
  cases.push_back({"one_axis", describe(4, 12, 1, {.in{1, 1, 100}, .kernel{1, 1, 5}, .pad{0, 0, 2}})});
  cases.push_back({"heavy_weights", describe(320, 96, 1, {.in{1, 5, 5}, .kernel{1, 3, 3}, .pad{0, 1, 1}})});
  // Enough tiles of 4 × 4 for Winograd's algorithm: whole, ragged, and images smaller than a vector.
  cases.push_back({"tiles_whole", describe(32, 64, 1, {.in{1, 12, 16}, .kernel{1, 3, 3}, .pad{0, 1, 1}})});
  cases.push_back({"tiles_ragged", describe(32, 32, 1, {.in{1, 19, 21}, .kernel{1, 3, 3}, .pad{0, 1, 1}})});
  ConvDesc small = describe(32, 32, 1, {.in{1, 3, 4}, .kernel{1, 3, 3}, .pad{0, 1, 1}});
  small.batch = 30;
  cases.push_back({"tiles_small_images", small});
  const size_t plain = cases.size();
  for (size_t i = 0; i < plain; ++i) {
    ConvCase fused = cases[i];
    fused.name += "_fused";
    fused.desc.has_bias = fused.desc.has_residual = true;
    fused.desc.activation = {i % 2 == 0 ? Activation::Kind::kRelu : Activation::Kind::kClip, -0.25F, 0.5F};
    cases.push_back(fused);
  }
  return cases;
}

/// The definition, in double, one output at a time.
double conv_at(const ConvDesc& desc, const ConvArgs& args, int64_t image, int64_t channel, const Size3& at) {
  const Window& w = desc.window;
  const int64_t group_in = desc.in_channels / desc.groups, group_out = desc.out_channels / desc.groups;
  const auto* weights = static_cast<const float*>(args.weights);
  double sum = 0;
  for (int64_t ic = 0; ic < group_in; ++ic)
    for (int64_t kd = 0; kd < w.kernel[0]; ++kd)
      for (int64_t kh = 0; kh < w.kernel[1]; ++kh)
        for (int64_t kw = 0; kw < w.kernel[2]; ++kw) {
          const int64_t d = at[0] * w.stride[0] - w.pad[0] + kd * w.dilation[0];
          const int64_t h = at[1] * w.stride[1] - w.pad[1] + kh * w.dilation[1];
          const int64_t c = at[2] * w.stride[2] - w.pad[2] + kw * w.dilation[2];
          if (d < 0 || h < 0 || c < 0 || d >= w.in[0] || h >= w.in[1] || c >= w.in[2]) continue;
          const int64_t in_channel = image * desc.in_channels + channel / group_out * group_in + ic;
          sum +=
              static_cast<double>(args.in[((in_channel * w.in[0] + d) * w.in[1] + h) * w.in[2] + c]) *
              weights[(((channel * group_in + ic) * w.kernel[0] + kd) * w.kernel[1] + kh) * w.kernel[2] + kw];
        }
  return sum;
}

class EveryConv : public testing::TestWithParam<ConvCase> {};

TEST_P(EveryConv, GivesWhatTheDefinitionSays) {
  const ConvDesc& desc = GetParam().desc;
  const Window& w = desc.window;
  const int64_t outputs = desc.batch * desc.out_channels * volume(w.out);
  const auto in = random_values(desc.batch * desc.in_channels * volume(w.in), 1);
  const auto weights =
      random_values(desc.out_channels * (desc.in_channels / desc.groups) * volume(w.kernel), 2);
  const auto bias = random_values(desc.out_channels, 3);
  const auto residual = random_values(outputs, 4);
  const auto taps = static_cast<double>(weights.size()) / static_cast<double>(desc.out_channels);
  const double direct = 1e-5 * std::max(1.0, std::sqrt(taps / 27));
  for (const ConvImpl& impl : conv_impls()) {
    if (!impl.accepts(desc, detect_cpu_features()).ok()) continue;
    const double tolerance = impl.name.starts_with("winograd") ? 2 * direct : direct;
    std::vector<float> out(static_cast<size_t>(outputs), 99);
    std::vector<std::byte> packed(impl.packed_bytes(desc));
    if (!packed.empty()) impl.pack(desc, weights.data(), packed.data());
    const void* run_weights = packed.empty() ? static_cast<const void*>(weights.data()) : packed.data();
    std::vector<std::byte> scratch(impl.scratch_bytes(desc));
    const ConvArgs args{in.data(), run_weights, bias.data(), residual.data(), out.data(), scratch.data()};
    ThreadPool pool(2);
    impl.run(desc, args, pool);
    const ConvArgs plain{in.data(), weights.data(), nullptr, nullptr, nullptr};
    for (int64_t i = 0; i < outputs; ++i) {
      const int64_t plane = i / volume(w.out), position = i % volume(w.out);
      const Size3 at{position / (w.out[1] * w.out[2]), position / w.out[2] % w.out[1], position % w.out[2]};
      double expected = conv_at(desc, plain, plane / desc.out_channels, plane % desc.out_channels, at);
      if (desc.has_bias) expected += bias[static_cast<size_t>(plane % desc.out_channels)];
      if (desc.has_residual) expected += residual[static_cast<size_t>(i)];
      expected = apply(desc.activation, static_cast<float>(expected));
      ASSERT_NEAR(out[static_cast<size_t>(i)], expected, tolerance) << impl.name << " at " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, EveryConv, testing::ValuesIn(conv_cases()),
                         [](const auto& tested) { return tested.param.name; });

TEST(ConvTranspose, IsTheAdjointOfConv) {
  // <conv(x), y> == <x, conv_transpose(y)> for the same weights and geometry.
  const ConvDesc forward = describe(
      4, 6, 2, {.in{1, 8, 7}, .kernel{1, 3, 2}, .stride{1, 2, 1}, .dilation{1, 1, 2}, .pad{0, 1, 1}});
  const Window& w = forward.window;
  ConvDesc backward = forward;
  std::swap(backward.in_channels, backward.out_channels);
  const auto x = random_values(forward.batch * forward.in_channels * volume(w.in), 1);
  const auto y = random_values(forward.batch * forward.out_channels * volume(w.out), 2);
  const auto weights = random_values(forward.out_channels * 2 * volume(w.kernel), 3);
  std::vector<float> conv_x(y.size()), transposed_y(x.size());
  ThreadPool pool(2);
  ref::conv(forward, {x.data(), weights.data(), nullptr, nullptr, conv_x.data()}, pool);
  ref::conv_transpose(backward, {y.data(), weights.data(), nullptr, nullptr, transposed_y.data()}, pool);
  double left = 0, right = 0;
  for (size_t i = 0; i < y.size(); ++i) left += static_cast<double>(conv_x[i]) * y[i];
  for (size_t i = 0; i < x.size(); ++i) right += static_cast<double>(x[i]) * transposed_y[i];
  EXPECT_GT(std::abs(left), 0.1);
  EXPECT_NEAR(left, right, 1e-4);
}

TEST(Selection, TakesTheFirstThatAcceptsAndKeepsTheReasonsOfTheOthers) {
  const ConvImpl never{
      .name = "never",
      .accepts = [](const ConvDesc&, const CpuFeatures&) { return unsupported("needs amx_bf16"); },
      .packed_bytes = nullptr,
      .pack = nullptr,
      .scratch_bytes = nullptr,
      .run = nullptr};
  const std::vector<ConvImpl> impls = {never, conv_impls().back()};
  const auto choice = select(std::span<const ConvImpl>(impls), ConvDesc{}, CpuFeatures{});
  ASSERT_NE(choice.impl, nullptr);
  EXPECT_EQ(choice.impl->name, "ref");
  ASSERT_EQ(choice.refusals.size(), 1U);
  EXPECT_EQ(choice.refusals[0].impl, "never");
  EXPECT_EQ(choice.refusals[0].reason, "needs amx_bf16");
}

}  // namespace
}  // namespace ridgeline::kernels
