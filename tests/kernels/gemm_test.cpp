#include "kernels/gemm.h"

#include <gtest/gtest.h>
#include <vector>

#include "random_values.h"

namespace ridgeline::kernels {
namespace {

double product_at(const GemmDesc& desc, const std::vector<float>& a, const std::vector<float>& b, int64_t i,
                  int64_t j) {
  double sum = 0;
  for (int64_t k = 0; k < desc.k; ++k) {
    const int64_t a_at = desc.transpose_a ? k * desc.m + i : i * desc.k + k;
    const int64_t b_at = desc.transpose_b ? j * desc.k + k : k * desc.n + j;
    sum += static_cast<double>(a[static_cast<size_t>(a_at)]) * b[static_cast<size_t>(b_at)];
  }
  return sum;
}

TEST(EveryGemm, GivesWhatTheDefinitionSays) {
  for (int variant = 0; variant < 8; ++variant) {
    GemmDesc desc{
        .m = 13, .n = 131, .k = 37, .transpose_a = (variant & 1) != 0, .transpose_b = (variant & 2) != 0};
    if ((variant & 4) != 0) {
      desc.alpha = 0.5F;
      desc.has_bias = true;
      desc.bias_column_stride = 1;
      desc.activation = {Activation::Kind::kRelu};
    }
    const auto a = random_values(desc.m * desc.k, 1), b = random_values(desc.k * desc.n, 2);
    const auto bias = random_values(desc.n, 3);
    for (const GemmImpl& impl : gemm_impls()) {
      if (!impl.accepts(desc, detect_cpu_features()).ok()) continue;
      std::vector<float> c(static_cast<size_t>(desc.m * desc.n), 99);
      std::vector<std::byte> packed(impl.packed_bytes(desc));
      if (!packed.empty()) impl.pack(desc, b.data(), packed.data());
      const void* run_b = packed.empty() ? static_cast<const void*>(b.data()) : packed.data();
      ThreadPool pool(2);
      impl.run(desc, {a.data(), run_b, bias.data(), c.data()}, pool);
      for (int64_t i = 0; i < desc.m; ++i)
        for (int64_t j = 0; j < desc.n; ++j) {
          double expected = desc.alpha * product_at(desc, a, b, i, j);
          if (desc.has_bias) expected += bias[static_cast<size_t>(j)];
          expected = apply(desc.activation, static_cast<float>(expected));
          ASSERT_NEAR(c[static_cast<size_t>(i * desc.n + j)], expected, 1e-5)
              << impl.name << " variant " << variant;
        }
    }
  }
}

}  // namespace
}  // namespace ridgeline::kernels
