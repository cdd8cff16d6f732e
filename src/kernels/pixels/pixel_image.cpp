#include "kernels/pixels/pixel_image.h"

#include "kernels/ceil_div.h"

namespace ridgeline::kernels::pixels {
namespace {

constexpr int64_t kTasksPerThread = 4;

/// body(run) for each row of a batch, on all threads.
template <typename Number, typename Body>
void for_each_row(const PixelImage& image, const PixelBatch<Number>& batch, ThreadPool& pool,
                  const Body& body) {
  const int64_t rows = batch.images * image.rows, plane = image.rows * image.columns;
  pool.parallel_for(rows, ceil_div(rows, kTasksPerThread * pool.threads()), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t at = i / image.rows, row = i % image.rows;
      body(PixelRun<Number>{.from = batch.from + at * image.image_bytes + row * image.row_bytes,
                            .count = image.columns,
                            .to = batch.to + at * image.channels * plane + row * image.columns,
                            .plane = plane});
    }
  });
}

}  // namespace

const PixelKernels& pixel_kernels(const CpuFeatures& cpu) {
  if (cpu.avx512f) return avx512_pixels();
  return cpu.avx2 && cpu.fma ? avx2_pixels() : ref_pixels();
}

void to_steps(const PixelImage& image, const PixelRun<uint8_t>& run) {
  for (int64_t c = 0; c < image.channels; ++c) {
    const uint8_t* const steps = image.steps + c * kLevels;
    const uint8_t* const from = run.from + image.of[static_cast<size_t>(c)].offset;
    uint8_t* const to = run.to + c * run.plane;
    for (int64_t i = 0; i < run.count; ++i) to[i] = steps[from[i * image.pixel_bytes]];
  }
}

void to_planes(const PixelKernels& kernels, const PixelImage& image, const PixelRows& rows) {
  for (int64_t row = 0; row < rows.count; ++row)
    kernels.to_floats(image, {.from = rows.from + row * image.row_bytes,
                              .count = image.columns,
                              .to = rows.to + row * image.columns,
                              .plane = rows.plane});
}

void to_planes(const PixelKernels& kernels, const PixelImage& image, const PixelBatch<float>& batch,
               ThreadPool& pool) {
  for_each_row(image, batch, pool, [&](const PixelRun<float>& run) { kernels.to_floats(image, run); });
}

void to_planes(const PixelImage& image, const PixelBatch<uint8_t>& batch, ThreadPool& pool) {
  for_each_row(image, batch, pool, [&](const PixelRun<uint8_t>& run) { to_steps(image, run); });
}

}  // namespace ridgeline::kernels::pixels
