#include "kernels/blocked/pool.h"

#include <array>

#include "kernels/blocked/lanes.h"
#include "kernels/needs.h"

namespace ridgeline::kernels::blocked {
namespace {

Status accepts(const PoolCase& pool) {
  if (pool.dtype != DType::kF32) return unsupported("takes fp32 only");
  if (pool.desc.window.in[0] != 1 || pool.desc.window.kernel[0] != 1)
    return unsupported("takes two spatial axes");
  return {};
}

void divide(const PoolCase& pool, const LaneRow& row) {
  const int64_t down = ref::counted_taps(row.window, pool.padding, 1, row.row);
  for (int64_t column = 0; column < row.window.out[2]; ++column) {
    const auto count = static_cast<float>(down * ref::counted_taps(row.window, pool.padding, 2, column));
    for (int64_t lane = 0; lane < kBlock; ++lane) row.out[column * kBlock + lane] /= count;
  }
}

template <const LaneKernels& (*lanes)()>
void run_part(const PoolCase& pool, const float* in, float* out, ThreadPool& threads) {
  for_each_row(pool.desc.window, pool.desc.planes, in, out, threads, [&](const LaneRow& row, int64_t) {
    if (pool.kind == PoolKind::kMax) return lanes().max(row);
    lanes().sum(row);
    divide(pool, row);
  });
}

template <const LaneKernels& (*lanes)()>
Status run(const PoolCase& pool, const TensorView& in, const TensorView& out, ThreadPool& threads) {
  run_part<lanes>(pool, in.as<float>().data(), out.as<float>().data(), threads);
  return {};
}

template <const LaneKernels& (*lanes)(), Needs needs>
constexpr PoolImpl pool_impl(std::string_view name) {
  return {name,
          [](const PoolCase& pool, const CpuFeatures& cpu) -> Status {
            RETURN_IF_ERROR(needs(cpu));
            return accepts(pool);
          },
          run<lanes>, run_part<lanes>};
}

}  // namespace

std::span<const PoolImpl> pool_impls() {
  static constexpr std::array<PoolImpl, 2> kImpls = {pool_impl<avx512_lanes, needs_avx512>("lanes_avx512"),
                                                     pool_impl<avx2_lanes, needs_avx2>("lanes_avx2")};
  return kImpls;
}

}  // namespace ridgeline::kernels::blocked
