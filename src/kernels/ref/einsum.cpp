#include "kernels/ref/einsum.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <span>

namespace ridgeline::kernels::ref {
namespace {

int64_t product(const std::vector<int64_t>& dims) {
  return std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>());
}

int64_t offset_of(int64_t index, const std::vector<int64_t>& dims, const Dims& strides) {
  int64_t offset = 0;
  for (size_t axis = dims.size(); axis-- > 0;) {
    offset += index % dims[axis] * strides[axis];
    index /= dims[axis];
  }
  return offset;
}

}  // namespace

void einsum(const EinsumDesc& desc, const std::array<const float*, kMaxEinsumOperands>& in, float* out,
            ThreadPool& pool) {
  const int64_t terms = product(desc.summed_dims);
  const int64_t grain = std::max<int64_t>(1, kElementGrain / std::max<int64_t>(1, terms));
  pool.parallel_for(product(desc.out_dims), grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      double sum = 0;
      for (int64_t term = 0; term < terms; ++term) {
        double factor = 1;
        for (size_t k = 0; k < desc.operands.size(); ++k)
          factor *= in[k][offset_of(i, desc.out_dims, desc.operands[k].out_strides) +
                          offset_of(term, desc.summed_dims, desc.operands[k].summed_strides)];
        sum += factor;
      }
      out[i] = static_cast<float>(sum);
    }
  });
}

}  // namespace ridgeline::kernels::ref
