#include "kernels/gemm.h"

#include <algorithm>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <vector>

#include "random_values.h"

namespace ridgeline::kernels {
namespace {

double product_at(const GemmDesc& desc, const std::vector<float>& a, const std::vector<float>& b, int64_t i,
                  int64_t j) {
  const int64_t a_line = desc.a_line != 0 ? desc.a_line : desc.transpose_a ? desc.m : desc.k;
  const int64_t b_line = desc.b_line != 0 ? desc.b_line : desc.transpose_b ? desc.k : desc.n;
  double sum = 0;
  for (int64_t k = 0; k < desc.k; ++k) {
    const int64_t a_at = desc.transpose_a ? k * a_line + i : i * a_line + k;
    const int64_t b_at = desc.transpose_b ? j * b_line + k : k * b_line + j;
    sum += static_cast<double>(a[static_cast<size_t>(a_at)]) * b[static_cast<size_t>(b_at)];
  }
  return sum;
}

struct Operands {
  std::vector<float> a, b, bias;
};

/// Floats of an operand of so many lines, apart by `line` where that is not 0.
int64_t floats_of(int64_t lines, int64_t elements, int64_t line) { return lines * std::max(elements, line); }

/// Within the error of an FP32 sum of so many terms; nothing between the lines of c is written to.
void expect_the_product(const GemmImpl& impl, const GemmDesc& desc, const Operands& in, ThreadPool& pool) {
  const int64_t c_line = desc.c_line != 0 ? desc.c_line : desc.n;
  std::vector<float> c(static_cast<size_t>(desc.m * c_line) + 1, 99);
  std::vector<std::byte> packed(impl.packed_bytes(desc));
  if (!packed.empty()) impl.pack(desc, in.b.data(), packed.data());
  const void* b = packed.empty() ? static_cast<const void*>(in.b.data()) : packed.data();
  impl.run(desc, {in.a.data(), b, in.bias.data(), c.data()}, pool);
  for (int64_t i = 0; i < desc.m; ++i)
    for (int64_t j = 0; j < desc.n; ++j) {
      double expected = desc.alpha * product_at(desc, in.a, in.b, i, j);
      if (desc.has_bias)
        expected += in.bias[static_cast<size_t>(i * desc.bias_row_stride + j * desc.bias_column_stride)];
      expected = apply(desc.activation, static_cast<float>(expected));
      ASSERT_NEAR(c[static_cast<size_t>(i * c_line + j)], expected, 1e-7 * static_cast<double>(desc.k + 63))
          << "row " << i << ", column " << j;
    }
  for (int64_t i = 0; i < desc.m; ++i)
    for (int64_t j = desc.n; j < c_line; ++j) ASSERT_EQ(c[static_cast<size_t>(i * c_line + j)], 99);
  ASSERT_EQ(c.back(), 99) << "written past the end";
}

/// Some as small as nothing, some that outgrow the second-level cache, on threads that share them.
GemmDesc random_gemm(std::mt19937& random) {
  const auto below = [&](unsigned limit) { return static_cast<int64_t>(random() % limit); };
  GemmDesc desc{.m = below(40), .n = below(200), .k = below(100)};
  if (below(8) == 0) desc.k = 1500 + below(1000);
  desc.transpose_a = below(2) == 0;
  desc.transpose_b = below(2) == 0;
  if (below(3) == 0) desc.a_line = (desc.transpose_a ? desc.m : desc.k) + below(70);
  if (below(3) == 0) desc.b_line = (desc.transpose_b ? desc.k : desc.n) + below(70);
  if (below(3) == 0) desc.c_line = desc.n + below(70);
  desc.alpha = below(2) == 0 ? 1.0F : 0.5F;
  desc.has_bias = below(4) != 0;
  desc.bias_row_stride = below(2) == 0 ? 0 : desc.n;
  desc.bias_column_stride = below(2);
  if (below(2) == 0) desc.activation = {Activation::Kind::kRelu};
  return desc;
}

TEST(EveryGemm, GivesWhatTheDefinitionSays) {
  std::mt19937 random(1);
  ThreadPool pool(2);
  for (unsigned round = 0; round < 300; ++round) {
    const GemmDesc desc = random_gemm(random);
    const auto turned = [](bool turns, int64_t lines, int64_t elements, int64_t line) {
      return turns ? floats_of(elements, lines, line) : floats_of(lines, elements, line);
    };
    const Operands in{random_values(turned(desc.transpose_a, desc.m, desc.k, desc.a_line), 3 * round),
                      random_values(turned(desc.transpose_b, desc.k, desc.n, desc.b_line), 3 * round + 1),
                      random_values(desc.m * desc.n + 1, 3 * round + 2)};
    for (const GemmImpl& impl : gemm_impls()) {
      SCOPED_TRACE(fmt::format("{}, round {}: {} x {} x {}", impl.name, round, desc.m, desc.k, desc.n));
      if (impl.accepts(desc, detect_cpu_features()).ok()) expect_the_product(impl, desc, in, pool);
    }
  }
}

}  // namespace
}  // namespace ridgeline::kernels
