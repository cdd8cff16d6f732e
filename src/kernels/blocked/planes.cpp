#include "kernels/blocked/planes.h"

#include <array>

#include "kernels/blocked/lanes.h"
#include "kernels/needs.h"

namespace ridgeline::kernels::blocked {
namespace {

constexpr int64_t kTasksPerThread = 4;

template <Needs needs>
Status accepts(const PlanesDesc&, const CpuFeatures& cpu) {
  return needs(cpu);
}

/// body(plane) for all planes, on all threads.
template <typename Body>
void for_each_plane(const PlanesDesc& desc, ThreadPool& pool, const Body& body) {
  const int64_t grain = ceil_div(desc.planes, kTasksPerThread * pool.threads());
  pool.parallel_for(desc.planes, grain, [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) body(plane);
  });
}

template <const LaneKernels& (*lanes)()>
void mean(const PlanesDesc& desc, const MeanArgs& args, ThreadPool& pool) {
  for_each_plane(desc, pool, [&](int64_t plane) {
    lanes().mean(args.in + plane * desc.pixels * kBlock, desc.pixels, args.out + plane * kBlock);
  });
}

template <const LaneKernels& (*lanes)()>
void scale(const PlanesDesc& desc, const ScaleArgs& args, ThreadPool& pool) {
  for_each_plane(desc, pool, [&](int64_t plane) {
    const int64_t at = plane * desc.pixels * kBlock;
    lanes().scale(args.in + at, args.factor + plane * kBlock, desc.pixels, args.out + at);
  });
}

}  // namespace

std::span<const PlanesImpl<MeanArgs>> mean_impls() {
  static constexpr std::array<PlanesImpl<MeanArgs>, 2> kImpls = {
      {{"lanes_avx512", accepts<needs_avx512>, mean<avx512_lanes>},
       {"lanes_avx2", accepts<needs_avx2>, mean<avx2_lanes>}}};
  return kImpls;
}

std::span<const PlanesImpl<ScaleArgs>> scale_impls() {
  static constexpr std::array<PlanesImpl<ScaleArgs>, 2> kImpls = {
      {{"lanes_avx512", accepts<needs_avx512>, scale<avx512_lanes>},
       {"lanes_avx2", accepts<needs_avx2>, scale<avx2_lanes>}}};
  return kImpls;
}

}  // namespace ridgeline::kernels::blocked
