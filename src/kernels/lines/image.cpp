#include "kernels/lines/image.h"

#include <algorithm>

namespace ridgeline::kernels::lines {
namespace {

constexpr int64_t kPixelsTogether = 512;
constexpr int64_t kTasksPerThread = 4;

/// body(index of the block's first line, of its first FP32 block, whether it has a second, pixels) for parts
/// of all blocks.
template <typename Body>
void for_each_part(const LineTurn& turn, ThreadPool& pool, const Body& body) {
  const int64_t plane = turn.image.plane, blocks = blocks_of(turn.image.channels);
  const int64_t narrow = blocked::blocks_of(turn.image.channels);
  const int64_t parts = ceil_div(plane, kPixelsTogether), count = turn.image.batch * blocks * parts;
  const int64_t grain = ceil_div(count, kTasksPerThread * pool.threads());
  pool.parallel_for(count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % parts * kPixelsTogether, block = i / parts % blocks,
                    image = i / parts / blocks;
      body((image * blocks + block) * parts_of(turn.numbers) * plane + first,
           ((image * narrow + 2 * block) * plane + first) * blocked::kBlock, 2 * block + 1 < narrow,
           Pixels{std::min(kPixelsTogether, plane - first), plane});
    }
  });
}

/// body(plane) for all planes, on all threads.
template <typename Body>
void for_each_plane(const LinePlanes& desc, ThreadPool& pool, const Body& body) {
  const int64_t grain = ceil_div(desc.planes, kTasksPerThread * pool.threads());
  pool.parallel_for(desc.planes, grain, [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) body(plane);
  });
}

}  // namespace

int64_t lines_of(const blocked::TurnDesc& image, Numbers numbers) {
  return image.batch * blocks_of(image.channels) * parts_of(numbers) * image.plane;
}

void from_blocks(const LineKernels& kernels, const LineTurn& turn, const float* blocks, Line* to,
                 ThreadPool& pool) {
  const int64_t block = turn.image.plane * blocked::kBlock;
  for_each_part(turn, pool, [&](int64_t line, int64_t first, bool has_second, const Pixels& pixels) {
    kernels.from_blocks(pixels, blocks + first, has_second ? blocks + first + block : nullptr, to + line);
  });
}

void to_blocks(const LineKernels& kernels, const LineTurn& turn, const Line* from, float* blocks,
               ThreadPool& pool) {
  const int64_t block = turn.image.plane * blocked::kBlock;
  for_each_part(turn, pool, [&](int64_t line, int64_t first, bool has_second, const Pixels& pixels) {
    kernels.to_blocks(pixels, from + line, blocks + first, has_second ? blocks + first + block : nullptr);
  });
}

void pool(const LineKernels& kernels, const LinePool& desc, const Line* in, Line* out, ThreadPool& threads) {
  const Window& window = desc.desc.window;
  const int64_t rows = desc.desc.planes * window.out[1], parts = parts_of(desc.numbers);
  const int64_t grain = ceil_div(rows, kTasksPerThread * threads.threads());
  threads.parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t block = i / window.out[1], row = i % window.out[1];
      kernels.pool({.window = window,
                    .average = desc.kind == PoolKind::kAverage ? &desc.padding : nullptr,
                    .row = row,
                    .plane = in + block * parts * volume(window.in),
                    .out = out + block * parts * volume(window.out) + row * window.out[2]});
    }
  });
}

void mean(const LineKernels& kernels, const LinePlanes& desc, const Line* in, Line* out, ThreadPool& pool) {
  const int64_t parts = parts_of(desc.numbers);
  for_each_plane(desc, pool, [&](int64_t plane) {
    kernels.mean({desc.pixels, desc.pixels}, in + plane * parts * desc.pixels, out + plane * parts);
  });
}

void scale(const LineKernels& kernels, const LinePlanes& desc, const ScaleArgs& args, ThreadPool& pool) {
  const int64_t parts = parts_of(desc.numbers);
  for_each_plane(desc, pool, [&](int64_t plane) {
    const int64_t first = plane * parts * desc.pixels;
    kernels.scale({desc.pixels, desc.pixels}, args.in + first, args.factor + plane * parts, args.out + first);
  });
}

const LineKernels& line_kernels(const CpuFeatures& cpu, Numbers numbers) {
  if (cpu.avx512f) return avx512_lines(numbers);
  return cpu.avx2 && cpu.fma ? avx2_lines(numbers) : ref_lines(numbers);
}

}  // namespace ridgeline::kernels::lines
