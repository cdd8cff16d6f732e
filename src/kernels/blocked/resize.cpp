#include "kernels/blocked/resize.h"

#include <array>

#include "kernels/blocked/lanes.h"
#include "kernels/needs.h"

namespace ridgeline::kernels::blocked {
namespace {

constexpr int64_t kTasksPerThread = 8;

template <Needs needs>
Status accepts(const ResizeDesc&, const CpuFeatures& cpu) {
  return needs(cpu);
}

template <const LaneKernels& (*lanes)()>
void run(const ResizeDesc& desc, const float* in, float* out, ThreadPool& pool) {
  const int64_t out_rows = desc.out_rows(), rows = desc.planes * out_rows;
  const int64_t in_row = desc.in_columns * kBlock, out_row = desc.out_columns() * kBlock;
  pool.parallel_for(rows, ceil_div(rows, kTasksPerThread * pool.threads()), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const auto at = static_cast<size_t>(row % out_rows);
      const float* const plane = in + row / out_rows * desc.in_rows * in_row;
      for (size_t tap = 0; tap < desc.rows.pixels.size(); ++tap)
        lanes().sample({.columns = desc.columns,
                        .in = plane + desc.rows.pixels[tap][at] * in_row,
                        .weight = desc.rows.weights[tap][at],
                        .adds = tap > 0,
                        .out = out + row * out_row});
    }
  });
}

}  // namespace

std::span<const ResizeImpl> resize_impls() {
  static constexpr std::array<ResizeImpl, 2> kImpls = {
      {{"lanes_avx512", accepts<needs_avx512>, run<avx512_lanes>},
       {"lanes_avx2", accepts<needs_avx2>, run<avx2_lanes>}}};
  return kImpls;
}

}  // namespace ridgeline::kernels::blocked
