#include "kernels/blocked/channel_norm.h"

#include <algorithm>
#include <array>

#include "kernels/blocked/lanes.h"
#include "kernels/needs.h"

namespace ridgeline::kernels::blocked {
namespace {

constexpr int64_t kPixelsTogether = 16;  ///< a task's, whose channels lie in the first-level cache

template <Needs needs>
Status accepts(const ref::ChannelNorm&, const CpuFeatures& cpu) {
  return needs(cpu);
}

template <const LaneKernels& (*lanes)()>
void run(const ref::ChannelNorm& norm, const ref::ChannelNormArgs& args, ThreadPool& pool) {
  const int64_t tasks = ceil_div(norm.pixels, kPixelsTogether), block = norm.pixels * kBlock;
  pool.parallel_for(norm.batch * tasks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t pixel = i % tasks * kPixelsTogether;
      const int64_t at = i / tasks * blocks_of(norm.channels) * block + pixel * kBlock;
      lanes().normalise({.in = args.in + at,
                         .out = args.out + at,
                         .block = block,
                         .pixels = std::min(kPixelsTogether, norm.pixels - pixel),
                         .channels = norm.channels,
                         .scale = args.scale,
                         .bias = args.bias,
                         .epsilon = norm.epsilon});
    }
  });
}

}  // namespace

std::span<const ChannelNormImpl> channel_norm_impls() {
  static constexpr std::array<ChannelNormImpl, 2> kImpls = {
      {{"lanes_avx512", accepts<needs_avx512>, run<avx512_lanes>},
       {"lanes_avx2", accepts<needs_avx2>, run<avx2_lanes>}}};
  return kImpls;
}

}  // namespace ridgeline::kernels::blocked
