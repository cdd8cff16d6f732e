#include "kernels/lines/image.h"

#include <algorithm>

#include "kernels/plane_sums.h"

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

/// body(index of the line, of its first number in the matrix, how many there are) for all lines of a matrix.
template <typename Body>
void for_each_line(const RowTurn& turn, ThreadPool& pool, const Body& body) {
  const int64_t blocks = blocks_of(turn.columns), count = blocks * turn.rows;
  pool.parallel_for(count, ceil_div(count, kTasksPerThread * pool.threads()),
                    [&](int64_t begin, int64_t end) {
                      for (int64_t i = begin; i < end; ++i) {
                        const int64_t block = i / turn.rows, row = i % turn.rows, column = block * kChannels;
                        body(block * parts_of(turn.numbers) * turn.rows + row, row * turn.columns + column,
                             std::min(kChannels, turn.columns - column));
                      }
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

int64_t lines_of(const RowTurn& turn) { return blocks_of(turn.columns) * parts_of(turn.numbers) * turn.rows; }

void from_rows(const LineKernels& kernels, const RowTurn& turn, const float* rows, Line* to,
               ThreadPool& pool) {
  for_each_line(turn, pool, [&](int64_t line, int64_t first, int64_t count) {
    alignas(64) float padded[kChannels] = {};
    const float* from = rows + first;
    if (count < kChannels) {
      std::copy_n(from, count, padded);
      from = padded;
    }
    kernels.from_blocks({1, turn.rows}, from, from + blocked::kBlock, to + line);
  });
}

void to_rows(const LineKernels& kernels, const RowTurn& turn, const Line* from, float* rows,
             ThreadPool& pool) {
  for_each_line(turn, pool, [&](int64_t line, int64_t first, int64_t count) {
    alignas(64) float whole[kChannels];
    float* const to = count < kChannels ? whole : rows + first;
    kernels.to_blocks({1, turn.rows}, from + line, to, to + blocked::kBlock);
    if (count < kChannels) std::copy_n(whole, count, rows + first);
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
  const int64_t of_number = parts_of(desc.numbers);
  const auto sum = [&](const PlanePart& part, float* sums) {
    const Line* const from = in + part.plane * of_number * desc.pixels + part.first;
    kernels.sum({part.pixels, desc.pixels}, from, sums);
  };
  const auto finish = [&](int64_t plane, float* sums, int64_t parts) {
    for (int64_t channel = 0; channel < kChannels; ++channel) {
      float whole = 0;
      for (int64_t part = 0; part < parts; ++part) whole += sums[part * kChannels + channel];
      sums[channel] = whole / static_cast<float>(desc.pixels);
    }
    kernels.from_blocks({1, 1}, sums, sums + blocked::kBlock, out + plane * of_number);
  };
  sum_planes<kChannels>(desc.planes, desc.pixels, pool, sum, finish);
}

void scale(const LineKernels& kernels, const LinePlanes& desc, const ScaleArgs& args, ThreadPool& pool) {
  const int64_t of_number = parts_of(desc.numbers);
  const int64_t parts = ceil_div(desc.pixels, kPixelsTogether), count = desc.planes * parts;
  pool.parallel_for(count, ceil_div(count, kTasksPerThread * pool.threads()),
                    [&](int64_t begin, int64_t end) {
                      for (int64_t i = begin; i < end; ++i) {
                        const int64_t plane = i / parts, pixel = i % parts * kPixelsTogether;
                        const int64_t first = plane * of_number * desc.pixels + pixel;
                        kernels.scale({std::min(kPixelsTogether, desc.pixels - pixel), desc.pixels},
                                      args.in + first, args.factor + plane * of_number, args.out + first);
                      }
                    });
}

const LineKernels& line_kernels(const CpuFeatures& cpu, Numbers numbers) {
  if (cpu.avx512f) return avx512_lines(numbers);
  return cpu.avx2 && cpu.fma ? avx2_lines(numbers) : ref_lines(numbers);
}

}  // namespace ridgeline::kernels::lines
