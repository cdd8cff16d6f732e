#include "kernels/bytes/image.h"

#include <algorithm>

#include "kernels/broadcast.h"
#include "kernels/bytes/needs.h"
#include "kernels/plane_sums.h"

namespace ridgeline::kernels::bytes {
namespace {

constexpr int64_t kPixelsTogether = 64;
constexpr int64_t kTasksPerThread = 4;
constexpr int64_t kLinesOfTask = 512;

/// Some pixels of a block.
struct BlockPart {
  int64_t line;      ///< index of the first
  int64_t step;      ///< index in planes of the first channel's first pixel
  int64_t channels;  ///< that exist
  int64_t pixels;
};

/// body(part) for all parts of all blocks.
template <typename Body>
void for_each_part(const blocked::TurnDesc& image, ThreadPool& pool, const Body& body) {
  const int64_t plane = image.plane, blocks = blocks_of(image.channels);
  const int64_t parts = ceil_div(plane, kPixelsTogether), count = image.batch * blocks * parts;
  pool.parallel_for(count, ceil_div(count, kTasksPerThread * pool.threads()),
                    [&](int64_t begin, int64_t end) {
                      for (int64_t i = begin; i < end; ++i) {
                        const int64_t first = i % parts * kPixelsTogether, block = i / parts % blocks,
                                      of_image = i / parts / blocks, channel = block * kChannels;
                        body(BlockPart{.line = (of_image * blocks + block) * plane + first,
                                       .step = (of_image * image.channels + channel) * plane + first,
                                       .channels = std::min(kChannels, image.channels - channel),
                                       .pixels = std::min(kPixelsTogether, plane - first)});
                      }
                    });
}

/// body(row of a plane's results) for all planes, on all threads.
template <typename Body>
void for_each_row(const ref::PoolDesc& desc, const Line* in, Line* out, ThreadPool& pool, const Body& body) {
  const Window& w = desc.window;
  const int64_t rows = desc.planes * w.out[1];
  pool.parallel_for(rows, ceil_div(rows, kTasksPerThread * pool.threads()), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      body(lines::PoolRow{.window = w,
                          .row = i % w.out[1],
                          .plane = in + i / w.out[1] * volume(w.in),
                          .out = out + i * w.out[2]});
  });
}

/// body(index of the line, of its first step in the matrix, how many there are) for all lines of a matrix.
template <typename Body>
void for_each_line(const RowTurn& turn, ThreadPool& pool, const Body& body) {
  const int64_t count = lines_of(turn);
  pool.parallel_for(count, kLinesOfTask, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t column = i / turn.rows * kChannels;
      body(i, i % turn.rows * turn.columns + column, std::min(kChannels, turn.columns - column));
    }
  });
}

}  // namespace

void from_planes(const ByteTurn& turn, const uint8_t* planes, Line* to, ThreadPool& pool) {
  const uint8_t flip = flip_of(turn.dtype);
  for_each_part(turn.image, pool, [&](const BlockPart& part) {
    uint8_t* const lines = steps_of(to + part.line);
    if (part.channels < kChannels) std::fill_n(lines, part.pixels * kLineBytes, uint8_t{0});
    for (int64_t channel = 0; channel < part.channels; ++channel) {
      const uint8_t* const plane = planes + part.step + channel * turn.image.plane;
      for (int64_t pixel = 0; pixel < part.pixels; ++pixel)
        lines[pixel * kLineBytes + channel] = plane[pixel] ^ flip;
    }
  });
}

void to_planes(const ByteTurn& turn, const Line* from, uint8_t* planes, ThreadPool& pool) {
  const uint8_t flip = flip_of(turn.dtype);
  for_each_part(turn.image, pool, [&](const BlockPart& part) {
    const uint8_t* const lines = steps_of(from + part.line);
    for (int64_t channel = 0; channel < part.channels; ++channel) {
      uint8_t* const plane = planes + part.step + channel * turn.image.plane;
      for (int64_t pixel = 0; pixel < part.pixels; ++pixel)
        plane[pixel] = lines[pixel * kLineBytes + channel] ^ flip;
    }
  });
}

void from_rows(const RowTurn& turn, const uint8_t* rows, Line* to, ThreadPool& pool) {
  for_each_line(turn, pool, [&](int64_t line, int64_t first, int64_t count) {
    uint8_t* const steps = steps_of(to + line);
    for (int64_t i = 0; i < count; ++i) steps[i] = rows[first + i] ^ flip_of(turn.dtype);
    std::fill(steps + count, steps + kChannels, uint8_t{0});
  });
}

void to_rows(const RowTurn& turn, const Line* from, uint8_t* rows, ThreadPool& pool) {
  for_each_line(turn, pool, [&](int64_t line, int64_t first, int64_t count) {
    const uint8_t* const steps = steps_of(from + line);
    for (int64_t i = 0; i < count; ++i) rows[first + i] = steps[i] ^ flip_of(turn.dtype);
  });
}

void max_pool(const ByteKernels& kernels, const ref::PoolDesc& desc, const Line* in, Line* out,
              ThreadPool& pool) {
  for_each_row(desc, in, out, pool, kernels.max);
}

void average_pool(const ByteKernels& kernels, const ref::QuantizedAverageDesc& desc, const Line* in,
                  Line* out, ThreadPool& pool) {
  const Average average{.zero = desc.in_zero, .scale = desc.scale, .finish = desc.finish};
  for_each_row(desc.pool, in, out, pool, [&](lines::PoolRow row) {
    row.average = &desc.padding;
    kernels.average(row, average);
  });
}

void add(const ByteKernels& kernels, const AddSteps& desc, ThreadPool& pool) {
  pool.parallel_for(desc.count, kElementGrain, [&](int64_t begin, int64_t end) {
    AddSteps part = desc;
    part.a += begin;
    part.b += begin;
    part.out += begin;
    part.count = end - begin;
    kernels.add(part);
  });
}

void lookup(const ByteKernels& kernels, const Lookup& desc, ThreadPool& pool) {
  pool.parallel_for(desc.lines, kLinesOfTask, [&](int64_t begin, int64_t end) {
    Lookup part = desc;
    part.steps += begin * kLineBytes;
    part.out += begin * kLineBytes;
    part.lines = end - begin;
    kernels.lookup(part);
  });
}

void lookup_mean(const ByteKernels& kernels, const LookupDesc& desc, float factor, ThreadPool& pool) {
  const auto sum = [&](const PlanePart& part, float* sums) {
    kernels.lookup_sum({.steps = steps_of(desc.in + part.plane * desc.plane + part.first),
                        .lines = part.pixels,
                        .values = desc.values,
                        .sums = sums});
  };
  const auto finish = [&](int64_t plane, const float* sums, int64_t parts) {
    kernels.lookup_mean({.sums = sums,
                         .parts = parts,
                         .factor = factor,
                         .finish = desc.finish,
                         .out = steps_of(desc.out + plane)});
  };
  sum_planes<kChannels>(desc.batch * blocks_of(desc.channels), desc.plane, pool, sum, finish);
}

void lookup_product(const ByteKernels& kernels, const LookupDesc& desc, const LookupFactors& factors,
                    ThreadPool& pool) {
  const int64_t lines = desc.batch * blocks_of(desc.channels) * desc.plane;
  pool.parallel_for(lines, ceil_div(lines, kTasksPerThread * pool.threads()),
                    [&](int64_t begin, int64_t end) {
                      while (begin < end) {
                        const int64_t block = begin / desc.plane;
                        float factor[kChannels];
                        for (int64_t i = 0; i < kChannels; ++i)
                          factor[i] = factors.values[steps_of(factors.steps + block)[i]];
                        const int64_t count = std::min(end, (block + 1) * desc.plane) - begin;
                        kernels.lookup_product({.steps = steps_of(desc.in + begin),
                                                .lines = count,
                                                .values = desc.values,
                                                .factors = factor,
                                                .finish = desc.finish,
                                                .out = steps_of(desc.out + begin)});
                        begin += count;
                      }
                    });
}

const ByteKernels& byte_kernels(const CpuFeatures& cpu) {
  if (needs_avx512_vbmi(cpu).ok()) return avx512_vbmi_bytes();
  return needs_avx512_bytes(cpu).ok() ? avx512_bytes() : ref_bytes();
}

}  // namespace ridgeline::kernels::bytes
