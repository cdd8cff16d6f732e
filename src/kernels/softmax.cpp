#include "kernels/softmax.h"

#include <algorithm>
#include <array>

#include "kernels/broadcast.h"
#include "kernels/needs.h"
#include "kernels/ref/normalise.h"
#include "kernels/vector/row_kernels.h"

namespace ridgeline::kernels {
namespace {

using vector::RowKernels;

constexpr int64_t kLinesTogether = 64;

template <const RowKernels& (*rows)()>
void run(const SoftmaxDesc& desc, const TensorView& in, const TensorView& out, ThreadPool& pool) {
  const int64_t count = in.shape[desc.axis];
  int64_t stride = 1;
  for (size_t axis = desc.axis + 1; axis < in.shape.rank(); ++axis) stride *= in.shape[axis];
  const int64_t elements = in.shape.element_count();
  if (elements == 0) return;
  const int64_t together = std::min(stride, kLinesTogether);
  const int64_t blocks = (stride + together - 1) / together;
  const int64_t grain = std::max<int64_t>(1, kElementGrain / 4 / (count * together));
  pool.parallel_for(elements / (count * stride) * blocks, grain, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const int64_t first = block % blocks * together;
      const int64_t offset = block / blocks * count * stride + first;
      rows().softmax({.in = in.as<float>().data() + offset,
                      .out = out.as<float>().data() + offset,
                      .count = count,
                      .stride = stride,
                      .lines = std::min(together, stride - first),
                      .logarithm = desc.logarithm});
    }
  });
}

}  // namespace

std::span<const SoftmaxImpl> softmax_impls() {
  static constexpr std::array<SoftmaxImpl, 3> kImpls = {{
      {"vector_avx512", [](const SoftmaxDesc&, const CpuFeatures& cpu) { return needs_avx512(cpu); },
       run<vector::avx512_rows>},
      {"vector_avx2", [](const SoftmaxDesc&, const CpuFeatures& cpu) { return needs_avx2(cpu); },
       run<vector::avx2_rows>},
      {"ref", [](const SoftmaxDesc&, const CpuFeatures&) { return Status(); },
       [](const SoftmaxDesc& desc, const TensorView& in, const TensorView& out, ThreadPool& pool) {
         ref::softmax(in, desc.axis, desc.logarithm, out, pool);
       }},
  }};
  return kImpls;
}

}  // namespace ridgeline::kernels
