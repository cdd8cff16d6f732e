#include "kernels/row_norm.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/broadcast.h"
#include "kernels/needs.h"
#include "kernels/vector/row_kernels.h"

namespace ridgeline::kernels {
namespace {

using vector::RowKernels;

void normalise_row(const RowKernels& kernels, const ref::RowNorm& norm, const ref::RowNormArgs& args,
                   int64_t row) {
  const int64_t first = row * norm.count;
  const float* const in = args.in + first;
  float* const out = args.out + first;
  const auto [mean, variance] = kernels.moments(in, norm.count);
  const float inverse = 1 / std::sqrt(variance + norm.epsilon);
  if (args.mean != nullptr) args.mean[row] = mean;
  if (args.inverse_deviation != nullptr) args.inverse_deviation[row] = inverse;
  if (norm.run == 1 && norm.affine_count == norm.count)
    return kernels.scale_by_each({in, out, norm.count}, mean, inverse, args.scale, args.bias);
  for (int64_t i = 0; i < norm.count; i += norm.run) {
    const int64_t affine = (first + i) / norm.run % norm.affine_count;
    const float scale = inverse * args.scale[affine];
    const float bias = args.bias == nullptr ? 0.0F : args.bias[affine];
    kernels.scale_by_one({in + i, out + i, std::min(norm.run, norm.count - i)}, scale, bias - mean * scale);
  }
}

template <const RowKernels& (*rows)()>
void run(const ref::RowNorm& norm, const ref::RowNormArgs& args, ThreadPool& pool) {
  const int64_t grain = std::max<int64_t>(1, kElementGrain / 4 / std::max<int64_t>(1, norm.count));
  pool.parallel_for(norm.rows, grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) normalise_row(rows(), norm, args, row);
  });
}

}  // namespace

std::span<const RowNormImpl> row_norm_impls() {
  static constexpr std::array<RowNormImpl, 3> kImpls = {{
      {"vector_avx512", [](const ref::RowNorm&, const CpuFeatures& cpu) { return needs_avx512(cpu); },
       run<vector::avx512_rows>},
      {"vector_avx2", [](const ref::RowNorm&, const CpuFeatures& cpu) { return needs_avx2(cpu); },
       run<vector::avx2_rows>},
      {"ref", [](const ref::RowNorm&, const CpuFeatures&) { return Status(); }, ref::normalise_rows},
  }};
  return kImpls;
}

}  // namespace ridgeline::kernels
